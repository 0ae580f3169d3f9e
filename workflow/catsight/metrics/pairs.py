"""``catsight metrics pairs``: the frames of a study pair by pair, as its last layer has them.

For looking at: the dissimilarity matrices that RSA compares, and which frame is taken for which.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from catsight.metrics import correspondence, parts
from catsight.metrics.reading import Features, finite, places, run
from catsight.metrics.similarity import rdm
from catsight.run.progress import Progress
from catsight.tables.columns.pairs import PAIRS


def main(arguments: Sequence[str]) -> None:
    """Tabulates one encoder's dissimilarities of frames in its last layer, within views and from
    view to reference.
    """
    run("pairs", main.__doc__, arguments, pairs, PAIRS)


def pairs(features: Mapping[str, Features], groups: Mapping[str, str], spec: Mapping) -> list[dict]:
    """The rows of the table of pairs: each ordered pair of at most ``spec["frames"]`` frames, each
    view, each pooling.

    ``features`` of each view by name; ``groups`` maps each frame to its group, in order.
    """
    ids, names = list(groups), list(groups.values())
    rows = parts.deal(names, spec["frames"], spec["seed"])[0] if ids else np.arange(0)
    reference = spec["reference"]
    columns = places(features[reference].columns)
    last = max((place["layer_index"] for place in columns.values()), default=0)
    columns = {column: place for column, place in columns.items() if place["layer_index"] == last}
    others = [view for view in features if view != reference]
    found = []
    with Progress(
        f"pairs {spec['encoder']}", len(columns) * len(others), "comparisons"
    ) as progress:
        for column, place in columns.items():
            x = features[reference][column][rows]
            within = rdm(x, spec["rsa_distance"])
            for view in others:
                y = features[view][column][rows]
                between = correspondence.distances(y, x, spec["retrieval_distance"])
                about = {"encoder": spec["encoder"], "reference": reference, "view": view}
                about |= {key: place[key] for key in ("layer", "pooling")}
                matrices = {"reference_dissimilarity": within, "view_dissimilarity": rdm(y, spec["rsa_distance"]),
                            "distance": between}  # fmt: skip
                for i, one in enumerate(rows):
                    for j, other in enumerate(rows):
                        row = about | {
                            "frame_id": ids[one],
                            "group": names[one],
                            "other_id": ids[other],
                        }
                        row |= {key: finite(matrix[i, j]) for key, matrix in matrices.items()}
                        found.append(row)
                progress.advance()
    return found

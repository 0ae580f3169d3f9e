"""The table of pairs: dissimilarities of a study's frames, pair by pair, in the last layer.

For figures: the dissimilarity matrices that RSA compares, and which frame is mistaken for which.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from catsight.metrics import correspondence
from catsight.metrics.dealing import deal
from catsight.metrics.reading import Features, finite, places
from catsight.metrics.similarity import rdm
from catsight.run.metrics_specs import PairsSpec
from catsight.run.progress import Progress


def pairs(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: PairsSpec
) -> list[dict[str, Any]]:
    """The rows of each ordered pair of at most ``spec["frames"]`` frames, each view, each pooling.

    ``features`` by view; ``groups`` maps each frame to its group, in the order of the frames.
    """
    ids, names = list(groups), list(groups.values())
    frames = deal(names, spec["frames"], spec["seed"])[0] if ids else np.arange(0)
    reference = spec["reference"]
    columns = places(features[reference].columns)
    last = max((place["layer_index"] for place in columns.values()), default=0)
    columns = {column: place for column, place in columns.items() if place["layer_index"] == last}
    others = [view for view in features if view != reference]
    rows = []
    with Progress(
        f"pairs {spec['encoder']}", len(columns) * len(others), "comparisons"
    ) as progress:
        for column, place in columns.items():
            x = features[reference][column][frames]
            within = rdm(x, spec["rsa_distance"])
            for view in others:
                y = features[view][column][frames]
                about = {"encoder": spec["encoder"], "reference": reference, "view": view}
                about |= {"layer": place["layer"], "pooling": place["pooling"]}
                matrices = {
                    "reference_dissimilarity": within,
                    "view_dissimilarity": rdm(y, spec["rsa_distance"]),
                    "distance": correspondence.distances(y, x, spec["retrieval_distance"]),
                }
                for i, one in enumerate(frames):
                    for j, other in enumerate(frames):
                        row = {"frame_id": ids[one], "group": names[one], "other_id": ids[other]}
                        row |= {key: finite(matrix[i, j]) for key, matrix in matrices.items()}
                        rows.append(about | row)
                progress.advance()
    return rows

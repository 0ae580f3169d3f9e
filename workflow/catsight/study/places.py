"""The spec of the job that shows where in the picture the features of two views differ."""

from catsight.errors import CatsightError
from catsight.run.specs import PlacesSpec
from catsight.study.features import features_spec
from catsight.study.resolved import Resolved
from catsight.study.spec import made_of

#: The modules at which the digest of its code starts.
ROOTS = ("features.places", "tables.columns.places")


def check(study: Resolved) -> None:
    """Raises :class:`CatsightError`, naming the key, if ``metrics.places`` does not fit."""
    for view in study.config.metrics.places.views or ():
        if view not in study.compared_views:
            raise CatsightError(
                f"config: metrics.places.views holds '{view}'; it may hold the views that are "
                f"compared with the reference: {', '.join(study.compared_views)}"
            )


def places_spec(study: Resolved, encoder: str) -> PlacesSpec:
    """The spec for one encoder."""
    # the network's answers, if it has any, are not asked for
    entry = study.encoders[encoder] | {"classes": None}
    features = features_spec(entry, study.config.features)
    field_of_view, perspective = _looking(study)
    return {
        "encoder": encoder,
        "run": {
            "encoder": features["encoder"],
            "precision": features["precision"],
            "device": features["device"],
            "channels_last": features["channels_last"],
        },
        "reference": study.reference,
        "frames": study.config.metrics.places.frames,
        "field_of_view": field_of_view,
        "perspective": perspective,
        **made_of(ROOTS, ["torch", "torchvision", "timm", "pillow", "numpy"]),
    }


def _looking(study: Resolved) -> tuple[float | None, bool]:
    """The field of view in degrees of the reference or, if that is no eye's view, of all eyes, and
    whether pictures are in perspective. None if fields differ, or if the eye looks elsewhere than
    at the middle of the picture.
    """
    eyes = study.eye_views
    seen = [eyes[study.reference]] if study.reference in eyes else eyes.values()
    found = {(view["field_of_view"], view["perspective"], view["gaze"]) for view in seen}
    if len(found) != 1:
        return None, False
    ((field_of_view, perspective, gaze),) = found
    return (field_of_view, perspective) if gaze is None else (None, False)

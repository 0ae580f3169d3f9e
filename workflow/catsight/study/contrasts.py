"""Contrasts: the spec of the job that tests the differences between a study's values."""

from catsight.inputs.focus import focus, in_order
from catsight.run.metrics_specs import ContrastsSpec
from catsight.study.figures import view_facts
from catsight.study.measures import measure
from catsight.study.resolved import Resolved
from catsight.study.spec import ROOTS, made_of


def contrasts_spec(study: Resolved) -> ContrastsSpec:
    """The spec of the job that compares encoders, views, layers, doses and parts of the eye."""
    config = study.config
    settings = config.metrics.contrasts
    views = in_order({name: view_facts(config, name) for name in study.views}, study.reference)
    others = [name for name in views if name != study.reference]
    return {
        "study": study.name,
        "reference": study.reference,
        "focus": focus(views, study.reference) if others else None,
        "views": others,
        "pooling": config.figures.pooling,
        "measures": {
            name: measure(name).facts
            for name in sorted(
                config.metrics.names if settings.metrics is None else settings.metrics
            )
        },
        "margin": settings.margin,
        "confidence": config.metrics.confidence,
        "seed": config.seed,
        **made_of(ROOTS["contrasts"], ("numpy", "scipy")),
    }

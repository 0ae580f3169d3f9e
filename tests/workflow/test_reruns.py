"""Which jobs a change runs again, from the list of a dry run and from the store's answers."""

import copy
import hashlib
import json
import os
import shutil
import time

from catsight import tables
from support.tiny_study import ROOT, TINY

VIEWS = {"cat", "human", "original"}
ENCODERS = {"cnn", "vit"}
SHARDS = {"0", "1"}
THE_EYES, GALLERY = {"figures: the eyes"}, {"figures: gallery of the views"}
REPORT = {"figures: report"}
#: Figures that depend on metrics. The gallery shows views, and the figure of the eyes their
#: portraits, so neither depends on features or metrics.
OF_METRICS = REPORT | {
    f"figures: {name}"
    for name in ("summary", "profiles", "ranking", "contrasts", "changes", "maps", "rdms",
                 "stability", "tables", "which frame is taken for which", "the scenes that lose most", "where in the scene")
}  # fmt: skip
FIGURES = OF_METRICS | THE_EYES | GALLERY
PORTRAITS = {"views: portraits of the eyes"}


def views(*names):
    jobs = {f"views: shard {shard} as {view}" for shard in SHARDS for view in names}
    return jobs | ({"views: all shards"} if VIEWS & set(names) else set())


def features(*names):
    jobs = {f"features: {encoder}, shard {shard}" for encoder in names for shard in SHARDS}
    return jobs | {f"features: {encoder}, all shards" for encoder in names}


def metrics(*names):
    own = (
        "metrics: {}", "metrics: stability of {}", "metrics: each layer with each, of {}",
        "metrics: pairs of frames, of {}",
        "metrics: each frame of {}", "features: places of {}",
    )  # fmt: skip
    jobs = {job.format(encoder) for encoder in names for job in own}
    of_all = {
        "metrics: each layer with each, of all encoders",
        "metrics: differences, tested together",
    }
    return jobs | MERGED | of_all


MERGED = {
    f"metrics: all {what} in one table"
    for what in ("metrics", "stability", "maps", "pairs", "per_frame", "places")
}
WEIGHTS = {f"features: weights of {encoder}" for encoder in ENCODERS}
MANIFEST, FRAMES = {"frames: files to read"}, {"frames: pictures to frames"}


OF_STABILITY = {f"metrics: stability of {encoder}" for encoder in ENCODERS} | {
    "metrics: all stability in one table",
    "figures: stability",
}
#: A target: all stages of one encoder, but the figures.
VIT = "results/tiny/metrics/vit.parquet"


def configured(study, key, value):
    config = copy.deepcopy(TINY)
    *path, last = key.split(".")
    node = config
    for part in path:
        node = node.setdefault(part, {})
    node[last] = value
    study.write(config)


def test_nothing_to_do_is_said(study):
    assert "Nothing to be done" in study.run()


def test_what_changes_no_result_redoes_nothing(study):
    """Times, the order of keys, comments, docstrings, and code that computes nothing."""

    def turned(node):
        return (
            {key: turned(node[key]) for key in reversed(node)} if isinstance(node, dict) else node
        )

    study.write(turned(TINY))
    for path, old, new in (
        ("views/acuity.py", '"""Neural resolution', '# why not\n"""NEURAL resolution'),
        ("tables/table.py", '"""', '"""THE '),
        ("run/progress.py", "_LOG_EVERY = ", "EDITED = _LOG_EVERY = "),  # how jobs run
        ("tables/store.py", "class Store", "EDITED = True\n\n\nclass Store"),
        ("views/command.py", "def main", "EDITED = True\n\n\ndef main"),
        ("frames/dead_leaves.py", "def items", "EDITED = True\n\n\ndef items"),  # of another source
    ):
        study.edit(f"workflow/catsight/{path}", old, new)
    study.edit("resources/eyes/cat.yaml", "# The domestic cat", "# A domestic cat")
    study.edit("resources/encoders.yaml", "# The registry", "# A registry")
    later = time.time() + 60
    for root in ("workflow", "resources", "photos", "profiles"):
        for path in (study.folder / root).rglob("*"):
            os.utime(path, (later, later))
    for name in ("tiny.yaml", "Snakefile", "config.yaml"):
        os.utime(study.folder / name, (later, later))
    assert study.due() == set()


def test_photos_that_are_replaced_by_older_ones_are_listed_again(study):
    """As by ``cp -p`` and ``tar x``; of the same size and time, too, as in some archives."""
    photos = sorted((study.folder / "photos").glob("*.png"))
    photo, record = photos[0], study.results() / "frames" / "stamps.json"
    about, data = photo.stat(), photos[1].read_bytes()
    assert study.due() == set()
    for other, time_ns in (
        (data, about.st_mtime_ns - 10**15),
        (photo.read_bytes()[:-1] + b"!", about.st_mtime_ns),  # behind the picture's end
    ):
        before = record.read_text()
        photo.write_bytes(other)
        os.utime(photo, ns=(time_ns, time_ns))
        assert "frames: files to read" in study.due()
        assert record.read_text() == before
        study.run("--cores", "2", "results/tiny/frames/manifest.parquet")
        assert "frames: files to read" not in study.due()
    listed = tables.read(study.results() / "frames" / "manifest.parquet").to_pylist()
    digest = hashlib.sha256(photo.read_bytes()).hexdigest()
    assert digest in {row["sha256"] for row in listed}


def test_a_figure_option_redoes_figures_only(study):
    configured(study, "figures.dpi", 60)
    assert study.due() == FIGURES - {"figures: tables"}


def test_what_only_stability_depends_on_redoes_it(study):
    configured(study, "metrics.stability.draws", 5)
    assert study.due() == OF_STABILITY | REPORT  # the report prints the configuration


def test_one_encoders_weights_redo_that_encoder(study):
    configured(study, "encoders.cnn.weights.seed", 1)
    assert (
        study.due() == {"features: weights of cnn"} | features("cnn") | metrics("cnn") | OF_METRICS
    )


def test_the_cats_eye_redoes_cat_views_and_what_follows(study):
    study.edit("resources/eyes/cat.yaml", "cutoff: {value: 6,", "cutoff: {value: 3,")
    assert (
        study.due() == views("cat") | PORTRAITS | features(*ENCODERS) | metrics(*ENCODERS) | FIGURES
    )
    before = study.contents()
    study.run("--cores", "2", VIT)
    after = study.contents()
    changed = {path for path in before if before[path] != after[path]}
    lists = {"views/all.parquet", "features/vit/all.parquet"}
    assert changed - lists == {
        *(f"views/cat/{shard}.parquet" for shard in SHARDS),
        *(f"features/vit/cat/{shard}.parquet" for shard in SHARDS),
        "metrics/vit.parquet",
    }
    # a job takes every view, but only the cat's features are computed
    said = {
        output: said for output, said in study.store_says("features").items() if "vit" in output
    }
    assert {answer for output, answer in said.items() if "/cat/" in output} == {"computed"}
    assert {answer for output, answer in said.items() if "/cat/" not in output} == {"hit"}
    assert len(said) == len(SHARDS) * len(VIEWS)


def test_attribution_and_sweeps_add_to_a_study(study):
    """Only what is new is computed, and the parts sum to the whole."""
    config = copy.deepcopy(TINY)
    config["attribution"] = {"view": "cat", "parts": ["pupil", "colour"], "encoders": ["vit"]}
    config["sweeps"] = {"luminance": [1, 100], "acuity": [3]}
    study.write(config)
    new = {"human+pupil", "human+colour", "human+pupil+colour"}
    new |= {"human@luminance=1", "cat@luminance=1", "cat@acuity=3"}
    jobs = views(*new) | features(*ENCODERS)
    jobs |= {f"features: vit, shard {shard}, parts of the eye swapped" for shard in SHARDS}
    jobs |= {
        "metrics: attribution to parts of the eye, of vit",
        "metrics: all attribution in one table",
    }
    jobs |= {f"metrics: dose curves of {encoder}" for encoder in ENCODERS} | {
        "metrics: all doses in one table"
    }
    jobs |= {"figures: attribution", "figures: doses", "figures: parts of the eye"}
    due = study.due()
    # features run again with more views, and so does all that follows, but the store has most of it
    assert jobs <= due and not due & (MANIFEST | FRAMES | WEIGHTS | views(*VIEWS))
    results = [f"{name}.parquet" for name in ("attribution", "doses", "metrics")]
    results += [f"figures/{name}.png" for name in ("attribution", "doses", "parts")]
    study.run("--cores", "2", *(f"results/tiny/{name}" for name in results))
    said = study.store_says("features")
    assert {output.split("/")[2] for output, answer in said.items() if answer == "computed"} == new
    said = study.store_says("metrics")
    kept = {f"metrics/{encoder}.parquet" for encoder in ENCODERS}
    assert {output for output, answer in said.items() if answer == "hit"} == kept
    attribution = tables.read(study.results() / "attribution.parquet").to_pandas()
    parts = attribution.pivot_table(
        index=["layer", "pooling", "metric"], columns="part", values="value", observed=True
    )
    assert len(parts) and abs(parts["pupil"] + parts["colour"] - parts["whole"]).max() < 1e-12
    doses = tables.read(study.results() / "doses.parquet").to_pandas()
    at_100 = doses[(doses["swept"] == "luminance") & (doses["dose"] == 100)]
    metrics_table = tables.read(study.results() / "metrics.parquet").to_pandas()
    keys = ["encoder", "layer", "pooling", "metric"]
    as_usual = metrics_table[metrics_table["view"] == "cat"].set_index(keys)["value"]
    # 100 cd/m² is the luminance of the study itself
    assert (at_100.set_index(keys)["value"] - as_usual).abs().max() == 0
    run_notebook(study.results())


def run_notebook(results):
    """Runs every cell of the example notebook, on these ``results``."""
    import matplotlib

    matplotlib.use("Agg")
    cells = json.loads((ROOT / "docs" / "reading-a-study.ipynb").read_text())["cells"]
    codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert "results/quickstart" in codes[0] and len(codes) == 6
    names: dict = {}
    for code in codes:
        exec(
            compile(
                code.replace("results/quickstart", str(results)), "reading-a-study.ipynb", "exec"
            ),
            names,
        )
    last = names["study"].metrics
    last = last[
        (last["encoder"] == names["encoder"])
        & (last["metric"] == "cka_linear")
        & (last["view"] == "cat")
    ]
    stored = last[last["layer"] + "/" + last["pooling"] == names["layer"]]["value"].item()
    computed = names["cka_linear"](names["human"].to_numpy(), names["cat"].to_numpy())
    assert abs(stored - computed) < 1e-6  # float32 features


def test_after_an_edit_that_changes_no_value_the_store_answers_later_stages(study):
    """Of the code of views, which all later stages follow."""
    path = study.folder / "workflow" / "catsight" / "views" / "acuity.py"
    path.write_text(path.read_text() + "\nEDITED = True\n")
    before = study.contents()
    due = study.due()
    assert due == views(*VIEWS) | PORTRAITS | features(*ENCODERS) | metrics(*ENCODERS) | FIGURES
    study.run("--cores", "2", VIT)
    assert study.contents() == before
    assert set(study.store_says("views").values()) == {"computed"}
    assert {said for output, said in study.store_says("features").items() if "vit" in output} == {
        "hit"
    }
    assert study.store_says("metrics")["metrics/vit.parquet"] == "hit"


def test_a_new_photo_computes_its_shard_only(study):
    source = next((study.folder / "photos").glob("0*.png"))
    picture = source.with_name("new.png")
    from PIL import Image, ImageOps

    ImageOps.invert(Image.open(source)).save(picture)
    assert study.due() >= MANIFEST | FRAMES
    study.run("--cores", "2", "results/tiny/features/vit/all.parquet")
    said = {path: said for path, said in study.store_says("features").items() if "vit" in path}
    shards = {
        answer: {output.split("/")[-1] for output in said if said[output] == answer}
        for answer in ("hit", "computed")
    }
    assert shards["hit"].isdisjoint(shards["computed"]) and len(shards["computed"]) == 1


def test_a_deleted_table_is_recomputed_when_another_job_needs_it(study):
    (study.results() / "features" / "vit" / "cat" / "0.parquet").unlink()
    assert study.due() == set()  # no job needs it
    configured(study, "metrics.rsa_distance", "cosine")
    again = {"features: vit, shard 0", "features: vit, all shards"}
    untouched = {"metrics: each frame of cnn"}  # which has no dissimilarities
    # nor have places, which are made from views
    untouched |= {f"features: places of {encoder}" for encoder in ENCODERS}
    untouched |= {"metrics: all places in one table", "figures: where in the scene"}
    assert study.due() == (again | metrics(*ENCODERS) | OF_METRICS) - untouched


def test_views_that_were_deleted_to_save_space_are_recomputed_when_needed(study):
    for view in VIEWS:
        shutil.rmtree(study.results() / "views" / view)
    assert study.due() == set()
    configured(study, "figures.dpi", 60)
    assert study.due() >= views(*VIEWS) | FIGURES - {"figures: tables"}


def test_results_that_were_deleted_come_back_from_the_store(study):
    before = study.contents()
    shutil.rmtree(study.results())
    study.run()
    assert study.contents() == before
    assert set(study.store_says("features").values()) == {"hit"}

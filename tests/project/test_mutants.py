"""The careless changes of `make mutants`: what each kind makes of a line."""

import subprocess
import sys

import pytest

import mutants

LINES = {
    "comparison": ("x = a < b", {"x = a <= b"}),
    "arithmetic": ("x = a - b", {"x = a + b"}),
    "logic": ("x = a and not b", {"x = a or not b", "x = a and b"}),
    "number": ("x = [3, 0.5, 1e-9]", {"x = [4, 0.5, 1e-9]", "x = [3, 1.0, 1e-9]"}),
    "flag": ("x = f(True)", {"x = f(False)"}),
    "keyword": ("x = f(a, b=c, d=e)", {"x = f(a, d=e)", "x = f(a, b=c)"}),
    "arguments": ("x = f(a, b, c)", {"x = f(b, a, c)", "x = f(a, c, b)"}),
    "wrapper": ("x = np.clip(a, b, c)", {"x = (a)"}),
    "parameter": ("def f(a, b):\n    return a", {"def f(a, b):\n    return b"}),
    "order": ("x = (a, b)", {"x = (b, a)"}),
    "element": ("x = {'a': b, 'c': d}", {"x = {'c': d}", "x = {'a': b}"}),
    "key": ("x = r['a'] + s['b']", {"x = r['b'] + s['b']", "x = r['a'] + s['a']"}),
    "text": ("x = 'mean over layers'", {"x = 'mean over'"}),
    "placeholder": ("raise E(f'{a}: no {b}')", {"raise E(f': no {b}')", "raise E(f'{a}: no ')"}),
    "statement": ("x.a = b\nf(x)", {"pass\nf(x)", "x.a = b\npass"}),
    "guard": (
        "def f():\n    if a:\n        return b",
        {"def f():\n    if False:\n        return b"},
    ),
    "seed": ("x = f(a, seed)", {"x = f(a, 0)"}),
    "sister": ("x = a.width", {"x = a.height"}),
}
RULE = """rule views:
    input:
        a="x",
        b="y",
    localrule: True
    shell:
        "python -m catsight views --frames {input.a} --output {output}"
"""


@pytest.mark.parametrize("kind", LINES)
def test_a_kind_of_change(kind, tmp_path):
    text, wanted = LINES[kind]
    made = {one.apply(text) for one in mutants.Finder("m.py", text).found if one.kind == kind}
    assert made == wanted


def test_every_kind_is_tried():
    assert set(mutants.KINDS) == {*LINES, "rule"}


def test_rules_lose_a_line_or_an_option():
    lost = {RULE[one.start : one.end].strip() for one in mutants.of_rules("a.smk", RULE)}
    assert lost == {'a="x",', 'b="y",', "localrule: True", "--frames {input.a}", "--output {output}"}  # fmt: skip


def test_what_may_change_places_is_left_alone():
    text = "x = max(a, b)\ny = a in (b, c)\n"
    kinds = {one.kind for one in mutants.Finder("m.py", text).found}
    assert "comparison" in kinds and not kinds & {"arguments", "order"}


def test_words_of_documentation_and_types_are_left_alone():
    text = '"""Two words."""\nimport a, b\n__all__ = ["a", "b"]\nx: dict[int, str]\n'
    assert mutants.Finder("m.py", text).found == []


def test_a_seed_gives_a_sample_and_another_seed_another():
    samples = [mutants.sample("views", 12, seed) for seed in (1, 1, 2)]
    assert samples[0] == samples[1] != samples[2]
    assert len(set(samples[0])) == 12
    assert all(one.path.startswith("workflow/catsight/views/") for one in samples[0])


@pytest.mark.slow
def test_a_change_is_killed_by_the_test_that_fails(tmp_path):
    """A whole run, on one module whose tests are quick."""
    command = [sys.executable, mutants.__file__, "--stage", "specs", "--only", "tables/lists.py"]
    done = subprocess.run(
        [*command, "--count", "2", "--workers", "1", "--verbose"], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "killed by tests/tables/test_lists.py::" in done.stdout
    assert "| specs | 2 | 2 | 100% |" in done.stdout

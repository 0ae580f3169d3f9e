"""Messages about YAML: the file and line, the key, what it holds, and what it may hold."""

import datetime

import pytest

from catsight.inputs import schema
from catsight.inputs.schema import NAME_PATTERN, near_miss, problems

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 2, "maximum": 9, "unit": "px", "description": "the\n  side"},
        "angle": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 90, "unit": "degrees"},
        "turn": {"type": "number", "maximum": 1, "unit": "degrees"},
        "colour": {"enum": ["red", "green", 7]},
        "name": {"type": "string", "pattern": NAME_PATTERN},
        "code": {"type": "string", "pattern": "^[a-z]+$"},
        "list": {"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": True},
        "map": {"type": "object", "minProperties": 1},
        "either": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
        "kinds": {"type": ["integer", "null", "array", "object", "string"]},
        "multiple": {"type": "integer", "multipleOf": 2},
        "any": {},
        "inner": {"type": "object", "additionalProperties": False, "properties": {"width": {}, "height": {}}},
    },
}  # fmt: skip


def said(**values):
    return problems({"size": 3} | values, SCHEMA, "the file")


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"size": 1}, "size is 1; it must be at least 2 px (the side)"),
        ({"size": 10}, "size is 10; it must be at most 9 px (the side)"),
        ({"size": 2.0}, "size is 2.0; it must be an integer (the side)"),
        ({"size": True}, "size is True; it must be an integer (the side)"),
        ({"angle": 0}, "angle is 0; it must be greater than 0 degrees"),
        ({"angle": 90}, "angle is 90; it must be less than 90 degrees"),
        ({"angle": "up"}, "angle is 'up'; it must be a number"),
        ({"turn": 2}, "turn is 2; it must be at most 1 degree"),
        ({"colour": "gren"}, "colour is 'gren'; it must be one of red, green, 7; did you mean green?"),
        ({"colour": "xyz"}, "colour is 'xyz'; it must be one of red, green, 7"),
        ({"name": "a b"}, "name is 'a b'; it must be a name of letters, digits, - and _, without spaces, of 100 letters at most"),
        ({"name": "a\n"}, "name is 'a\\n'; it must be a name of letters, digits, - and _, without spaces, of 100 letters at most"),
        ({"code": "A"}, "code is 'A'; it must be text that matches ^[a-z]+$"),
        ({"list": []}, "list is []; it must be a list of at least 1"),
        ({"list": [1, 2, 3]}, "list is [1, 2, 3]; it must be a list of at most 2"),
        ({"list": [1, 1]}, "list is [1, 1]; it must be a list without repeats"),
        ({"list": {}}, "list is {}; it must be a list"),
        ({"map": {}}, "map is {}; it must be a mapping of at least 1"),
        ({"map": []}, "map is []; it must be a mapping of keys to values"),
        ({"either": "x"}, "either is 'x'; it must be an integer or null"),
        ({"either": -1}, "either is -1; it must be at least 0"),
        ({"kinds": 0.5}, "kinds is 0.5; it must be an integer or null or a list or a mapping of keys to values or a string"),
        ({"multiple": 3}, "multiple is 3; it must be 3 is not a multiple of 2"),
        ({"sise": 3}, "sise is not a key (did you mean size?); the file may hold angle, any, code, colour, either, inner, kinds, list, map, multiple, name, size, turn"),
        ({"inner": {"wdth": 3}}, "inner.wdth is not a key (did you mean width?); inner may hold height, width"),
        ({"inner": {"qqqq": 3}}, "inner.qqqq is not a key; inner may hold height, width"),
        ({"any": "é" + "\ud800"}, "any is 'é\\ud800'; it must be of letters that can be shown"),
        ({"any": ["a\x1b[31m"]}, "any.0 is 'a\\x1b[31m'; it must be of letters that can be shown"),
        ({"any": {"\x07": 1}}, "any has the key '\\x07'; it must be of letters that can be shown"),
        ({"any": {"a\udce9": 1}}, "any has the key 'a\\udce9'; it must be of letters that can be shown"),
        ({"any": "\u202egnp.exe"}, "any is '\\u202egnp.exe'; it must be of letters that can be shown"),
        ({"any": -(16**6000)}, f"any is -0x1{'0' * 196}…; it must be less than {2**63}"),
        ({"any": {16**6000: 1}}, f"any has the key 0x1{'0' * 197}…, which is not text; put it in quotes"),
        ({"name": "n" * 101}, f"name is '{'n' * 101}'; it must be a name of letters, digits, - and _, without spaces, of 100 letters at most"),
        ({"any": [2**63]}, f"any.0 is {2**63}; it must be less than {2**63}"),
        ({"any": -(2**63)}, f"any is {-(2**63)}; it must be less than {2**63}"),
        ({"any": {"deep": [0, float("inf")]}}, "any.deep.1 is inf; it must be finite"),
        ({"any": {3: 1}}, "any has the key 3, which is not text; put it in quotes"),
        ({"any": datetime.date(2024, 5, 6)}, "any is 2024-05-06, a date; put it in quotes"),
        ({"any": {"x": [b"a"]}}, "any.x.0 is b'a', a bytes; put it in quotes"),
    ],
)  # fmt: skip
def test_each_problem_is_one_line(values, line):
    assert said(**values) == [line]


@pytest.mark.parametrize(
    "values",
    [
        {"size": 2}, {"size": 9}, {"angle": 1e-9}, {"angle": 89.9}, {"turn": 1}, {"colour": 7},
        {"name": "a-B_9"}, {"code": "a"}, {"list": [1, True, "x"][:2]}, {"map": {"a": 1}},
        {"either": None}, {"either": 0}, {"kinds": None}, {"multiple": 2}, {"any": "猫"},
        {"any": 2**63 - 1}, {"any": 1.5}, {"any": {"x": [None, True]}}, {"inner": {"width": 1}},
    ],
)  # fmt: skip
def test_values_at_the_ends_of_their_ranges_are_no_problem(values):
    assert said(**values) == []


def test_the_whole_is_named_where_a_key_is_missing_or_is_not_text():
    assert problems({}, SCHEMA, "the file") == ["the file lacks 'size'"]
    assert problems({3: 1}, SCHEMA, "the file") == [
        "the file has the key 3, which is not text; put it in quotes"
    ]
    assert problems([], SCHEMA, "the file") == [
        "the file is []; it must be a mapping of keys to values"
    ]


def test_problems_are_sorted_and_each_is_told_once():
    assert said(turn=3, angle=-1, size=1) == [
        "angle is -1; it must be greater than 0 degrees",
        "size is 1; it must be at least 2 px (the side)",
        "turn is 3; it must be at most 1 degree",
    ]


def test_long_values_and_keys_are_cut():
    (line,) = said(code="A" * 300)
    assert line == f"code is '{'A' * 199}…; it must be text that matches ^[a-z]+$"
    (line,) = said(code="A" * 198)
    assert line == f"code is '{'A' * 198}'; it must be text that matches ^[a-z]+$"
    (line,) = said(**{"q" * 201: 1})
    assert line.startswith(f"{'q' * 200}… is not a key; the file may hold angle")


def test_a_problem_names_the_first_file_and_line_that_hold_the_value(tmp_path):
    """Problems are in the order of the files' lines; one of another origin comes first."""
    base, mine = tmp_path / "base.yaml", tmp_path / "mine.yaml"
    base.write_text("size: 1\nturn: 5\n")
    mine.write_text("# mine\nturn: 5\ncode: A\ninner:\n  wdth: 3\n")
    values = {"size": 99, "turn": 5, "code": "A", "inner": {"wdth": 3}}
    assert problems(values, SCHEMA, "the file", [mine, base]) == [
        "size is 99; it must be at most 9 px (the side)",
        f"{mine}, line 2: turn is 5; it must be at most 1 degree",
        f"{mine}, line 3: code is 'A'; it must be text that matches ^[a-z]+$",
        f"{mine}, line 5: inner.wdth is not a key (did you mean width?); "
        "inner may hold height, width",
    ]
    (line,) = problems({"size": 1}, SCHEMA, "the file", [mine, base])
    assert line == f"{base}, line 1: size is 1; it must be at least 2 px (the side)"


def test_a_value_that_is_not_a_number_is_found_in_its_file(tmp_path):
    (tmp_path / "a.yaml").write_text("size: 3\nangle: .nan\n")
    values = schema.yaml_files.load_yaml(tmp_path / "a.yaml")
    assert problems(values, SCHEMA, "the file", [tmp_path / "a.yaml"]) == [
        f"{tmp_path / 'a.yaml'}, line 2: angle is nan; it must be finite"
    ]


def test_a_problem_without_a_line_of_its_own_is_told_without_a_file(tmp_path):
    (tmp_path / "a.yaml").write_text("x: &x {size: 1}\n<<: *x\n")
    (line,) = problems({"size": 1}, SCHEMA, "the file", [tmp_path / "a.yaml"])
    assert line == "size is 1; it must be at least 2 px (the side)"


def test_a_schema_may_be_named():
    (line,) = problems({}, "eye", "the eye")[:1]
    assert line.startswith("the eye lacks '")
    assert schema.load("eye")["type"] == "object"


def test_near_misses():
    assert near_miss("widht", ["height", "width"]) == " (did you mean width?)"
    assert near_miss("zzz", ["height", "width"]) == ""
    assert near_miss("width", iter(["width", "widths"])) == " (did you mean width?)"

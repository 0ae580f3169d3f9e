"""YAML files, and the lines in them that messages name."""

import pytest

from catsight.inputs.yaml_files import line_of

TEXT = """\
study: mine
views:
  cat: &cat
    eye: cat
  kitten:
    <<: *cat
doses:
  - 1
  -   - 2
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ((), 1),
        (("study",), 1),
        (("views",), 2),
        (("views", "cat", "eye"), 4),
        (("doses", 1), 9),
        (("doses", 1, 0), 9),
        (("views", "kitten", "eye"), None),  # merged from an alias
        (("study", "of", "what"), None),
    ],
)
def test_the_line_of_a_value(tmp_path, keys, line):
    (tmp_path / "study.yaml").write_text(TEXT)
    assert line_of(tmp_path / "study.yaml", keys) == line

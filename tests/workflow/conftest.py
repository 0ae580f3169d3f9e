import pytest

from support.tiny_study import Workflow


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Workflow:
    """The tiny study after a whole run. Shared by tests, which copy it before they change it."""
    workflow = Workflow.create(tmp_path_factory.mktemp("finished") / "study")
    workflow.run("--cores", "2")
    return workflow


@pytest.fixture
def study(finished, tmp_path) -> Workflow:
    """A copy of the finished study, for a test to change."""
    return finished.copy(tmp_path / "study")

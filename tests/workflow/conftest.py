import fcntl

import pytest

from support.tiny_study import Workflow


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id) -> Workflow:
    """The tiny study after a whole run. Shared by tests, which copy it before they change it.

    Shared by processes that run tests at the same time, too: the first makes it.
    """
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    with open(shared / "finished.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (shared / "finished").exists():
            return Workflow(shared / "finished")
        workflow = Workflow.create(shared / "unfinished")
        workflow.run("--cores", "2")
        workflow.folder.rename(shared / "finished")
    return Workflow(shared / "finished")


@pytest.fixture
def study(finished, tmp_path) -> Workflow:
    """A copy of the finished study, for a test to change."""
    return finished.copy(tmp_path / "study")

"""What jobs request of a cluster."""

import math

import pytest

from catsight import tables
from catsight.run import needs
from catsight.tables.columns.gathered import GATHERED


class Inputs(list):
    """As Snakemake hands a job's inputs over: files, some of them by name."""

    def __init__(self, files, **named):
        super().__init__([*files, *(file for group in named.values() for file in group)])
        self.get = named.get


def write(folder, name, megabytes):
    (folder / name).write_bytes(bytes(round(megabytes * 1e6)))
    return str(folder / name)


#: Job -> what docs/cluster.md says that it requests if it reads 500 MB, 120 MB of them weights.
REQUESTS = {
    "manifest": (2000, 10 + 0.002 * 500),
    "frames": (4000, 10 + 0.02 * 500),
    "views": (4000, 10 + 0.1 * 500),
    "features": (3000 + 4 * 120, 20 + 0.0002 * 120 * 380),
    "metrics": (3000 + 500, 20 + 0.05 * 500),
}


@pytest.mark.parametrize("job", REQUESTS)
def test_a_job_requests_what_the_documentation_says_and_more_at_every_attempt(job):
    """Rounded up, since a request is a whole number of MB and of minutes."""
    memory, minutes = REQUESTS[job]
    assert set(REQUESTS) == set(needs.MEMORY) == set(needs.MINUTES)
    for attempt in (1, 2, 3):
        assert needs.memory(job, 500, 120, attempt) == memory * attempt
        assert needs.minutes(job, 500, 120, attempt) == math.ceil(minutes) * attempt
    assert needs.memory(job, 500, 120) == memory and needs.minutes(job, 500, 120) == math.ceil(
        minutes
    )


@pytest.mark.parametrize(
    ("job", "read", "memory", "minutes"),
    [("frames", 0, 4000, 10), ("frames", 0.5, 4000, 11), ("metrics", 0.5, 3001, 21), ("features", 0, 3000, 20)],
)  # fmt: skip
def test_a_part_of_a_megabyte_counts_as_one(job, read, memory, minutes):
    assert (needs.memory(job, read), needs.minutes(job, read)) == (memory, minutes)


def test_a_rule_requests_by_the_files_that_its_job_reads(tmp_path):
    weights, view = write(tmp_path, "weights", 0.5), write(tmp_path, "view", 2)
    asked = needs.of("features")
    inputs = Inputs([], weights=[weights], views=[view, view])
    assert asked["mem_mb"](None, inputs, 2) == 2 * (3000 + 4 * 0.5)
    assert asked["runtime"](None, inputs, 1) == 21  # 20 + 0.0002 * 0.5 * 4, rounded up
    assert needs.of("metrics")["mem_mb"](None, Inputs([view]), 1) == 3000 + 2
    assert needs.of("metrics")["mem_mb"](None, Inputs([view]), 3) == 3 * 3002
    assert needs.of("metrics")["runtime"](None, Inputs([view] * 20), 2) == 2 * 22
    assert needs.of("frames")["mem_mb"](None, Inputs([]), 1) == 4000


def test_a_rule_that_knows_what_its_job_reads_requests_by_that(tmp_path):
    asked = needs.of("frames", 900)
    inputs = Inputs([write(tmp_path, "view", 2)])
    assert (asked["mem_mb"](None, inputs, 1), asked["runtime"](None, inputs, 2)) == (4000, 2 * 28)
    assert needs.of("metrics", 0)["mem_mb"](None, inputs, 1) == 3000
    assert needs.of("features", 900)["mem_mb"](None, inputs, 1) == 3000  # none of it weights


def test_a_list_of_tables_stands_for_the_tables(tmp_path):
    """And not for what lies beside them: of a view that is no more in the study, of a shard, links
    to nothing.
    """
    for view, size in (("human", 3), ("cat[1]", 1), ("left over", 5)):
        (tmp_path / view).mkdir()
        for shard in range(3):
            write(tmp_path / view, f"{shard}.parquet", size)
    (tmp_path / "left over" / "3.parquet").symlink_to("nothing")
    (tmp_path / "cat[1]" / "1.parquet").unlink()
    rows = [
        {"view": view, "shard": shard, "content": ""}
        for view in ("", "human", "cat[1]")
        for shard in range(2)
    ]
    tables.write(tmp_path / "all.parquet", rows, GATHERED, {})
    listed = Inputs([str(tmp_path / "all.parquet")])
    assert needs.of("metrics")["mem_mb"](None, listed, 1) == 3000 + 3 + 3 + 1
    assert needs.of("metrics", view="cat[1]")["mem_mb"](None, listed, 1) == 3000 + 1
    assert needs.of("metrics", view="human")["mem_mb"](None, listed, 1) == 3000 + 6
    tables.write(tmp_path / "all.parquet", rows[:4], GATHERED, {})  # the list has changed
    assert needs.of("metrics")["mem_mb"](None, listed, 1) == 3000 + 6


def test_what_is_not_there_yet_is_said_by_name(tmp_path):
    """So that Snakemake asks again when it is."""
    for name in ("later", "later/all.parquet"):
        with pytest.raises(FileNotFoundError) as caught:
            needs.of("views")["runtime"](None, Inputs([str(tmp_path / name)]), 1)
        assert caught.value.filename == str(tmp_path / name)

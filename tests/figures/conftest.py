import pandas as pd
import pytest

from catsight import tables
from support import synthetic_study as synthetic
from support import toy_contrasts


@pytest.fixture
def spec():
    return synthetic.spec()


@pytest.fixture
def choices():
    return synthetic.choices()


@pytest.fixture
def rows():
    return synthetic.metric_rows()


@pytest.fixture
def table():
    """Makes the metrics table of some rows, as pandas reads it back from Parquet."""

    def make(rows, folder) -> pd.DataFrame:
        path = folder / "rows.parquet"
        synthetic.write_metrics(path, rows)
        return tables.read(path).to_pandas()

    return make


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """A folder with all tables of a synthetic study."""
    folder = tmp_path_factory.mktemp("study")
    synthetic.write_study(folder, synthetic.pictures())
    toy_contrasts.write(folder)
    return folder

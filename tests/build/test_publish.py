from pathlib import Path

import pandas as pd

from wig_book.build.publish import read_shipped


def test_a_table_of_an_earlier_run_is_read_if_there_is_one(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_csv(tmp_path / "one.csv", index=False)
    shipped = read_shipped(str(tmp_path), "one")
    assert shipped is not None
    assert shipped["a"].tolist() == [1]
    assert read_shipped(str(tmp_path), "none") is None
    assert read_shipped(None, "one") is None

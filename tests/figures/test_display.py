"""Tables for display."""

import pandas as pd

from wig_book.figures.tables import paper_nearest

ROW = {"encoder": "e", "unit": "subword", "baseline": "pad", "quantity": "kl", "method": "ig"}


def test_the_paper_nearest_reading_shows_what_the_summary_leaves_open() -> None:
    rows = [
        ROW | {"text": text, "information": information, "estimand": estimand, "r2": r**2, "correlation": r}
        for text, information, estimand, r in [
            ("wiki", "wiki", "types", 0.5),
            ("wiki", "wiki", "occurrences", 0.6),
            ("sts-b", "sts-b", "types", -0.1),
            ("sts-b", "wiki", "types", 0.2),
        ]
    ]
    others = [rows[0] | {key: "another"} for key in ("unit", "baseline", "quantity", "method")]
    shown = paper_nearest(pd.DataFrame([*others, *rows]))
    assert shown.index.to_list() == [("e", "wiki"), ("e", "sts-b")]
    assert shown.loc[("e", "wiki"), "types, KL of the text"] == "0.25 (r\xa0=\xa00.50)"
    assert shown.loc[("e", "sts-b"), "types, KL of wiki"] == "0.04 (r\xa0=\xa00.20)"
    assert shown.loc[("e", "wiki"), "types, KL of wiki"] == "the same"


def test_without_padding_the_table_is_empty() -> None:
    other = ROW | {"baseline": "mask", "text": "a", "information": "a", "estimand": "types", "r2": 0, "correlation": 0}
    assert paper_nearest(pd.DataFrame([other])).empty

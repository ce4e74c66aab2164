"""Every architecture is equal to sentence-transformers and to plain autograd, or refused in one line that says why."""

import csv
from pathlib import Path

import pytest
import torch
from architectures import COLUMNS, TABLE, measure, reason
from tiny import ARCHITECTURES

from wig_core import SentenceEncoder, integrated_gradients

WRITTEN = {row["architecture"]: row for row in csv.DictReader(TABLE.read_text("utf-8").splitlines())}


@pytest.mark.parametrize("model_type", ARCHITECTURES)
def test_the_table_of_the_book_is_right(model_type: str, tmp_path: Path) -> None:
    found, written = measure(model_type, tmp_path), WRITTEN[model_type]
    if isinstance(found, str):
        assert "\n" not in found
        assert list(written.values()) == [model_type, "", "", reason(found)]
        return
    encoder = SentenceEncoder.load(tmp_path, device="cpu")  # by the usual steps, in which attention is fused
    [one] = integrated_gradients(encoder, ["a"], baseline="zero", tolerance=100)
    torch.testing.assert_close(torch.as_tensor(one.embedding), encoder.encode("a"), atol=1e-5, rtol=1e-5)
    bounds = {"embedding": 1e-5, "contributions": 1e-4}
    for (column, bound), number in zip(bounds.items(), found, strict=True):
        assert number < bound
        assert float(written[column]) < bound
    assert written["why not"] == ""


def test_the_table_has_no_other_row() -> None:
    assert list(WRITTEN) == list(ARCHITECTURES)
    assert TABLE.read_text("utf-8").splitlines()[0].split(",") == COLUMNS

"""The arithmetic of the page on speed and scale, worked out by hand on a made-up machine."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from repository import ROOT
from torch.utils.flop_counter import FlopCounterMode

from wig_book import units
from wig_book.build.cost import Shape
from wig_book.experiments.scale import (
    NO_GPU,
    PowerLaw,
    Throughput,
    attribution_numbers,
    cost_table,
    costs,
    counting_numbers,
    scale,
)
from wig_book.figures.regression import scaling
from wig_core import SentenceEncoder, integrated_gradients, shapley_values
from wig_core.errors import InputError

TEXTS = {"little": 1000.0, "much": 1e6}


def row(method: str, precision: str, seconds: float, **operations: float) -> dict[str, Any]:
    return {"encoder": "e", "method": method, "precision": precision, "sentences": 2, "seconds": seconds, **operations}


@pytest.fixture
def content() -> dict[str, Any]:
    """A machine that explains a sentence of 100 operations at 50 operations per second; its peak is 200."""
    operations = {"operations": 200, "operations_short": 100, "operations_text": 150}
    return {
        "machine": {"processor": "p", "cores": "2", "threads": "2", "gpu": NO_GPU, "torch": "2"},
        "peak": {"float32": 200.0, "bfloat16": 400.0},
        "counting": {"sentences": 400, "words": 8000, "seconds": 4, "min_count": 10, "block": 100, "merging": 0.001},
        "growth": [
            {"sentences": n, "words": 20 * n, "vocabulary": n, "frequent": 1, "pairs": 10 * n, "frequent_pairs": n}
            for n in (100, 200, 400)
        ],
        "nodes": 20,
        "permutations": 16,
        "attribution": [
            row("ig", "float32", 4, **operations),
            row("ig", "bfloat16", 2, **operations),
            row("shap", "float32", 8, **operations),
            row("shap", "bfloat16", 4, **operations),
            row("captum", "float32", 40),
        ],
        "training": {
            "encoder": "base", "precision": "bfloat16", "examples": "x", "pairs": 10, "seconds": 5, "operations": 300,
        },
    }  # fmt: skip


@pytest.fixture
def path(content: dict[str, Any], tmp_path: Path) -> str:
    path = tmp_path / "throughput.json"
    path.write_text(json.dumps(content))
    return str(path)


@pytest.fixture
def measured(path: str) -> Throughput:
    return Throughput.read(path)


def test_rates_by_hand(measured: Throughput) -> None:
    rate = measured.attributing("e", "ig", "float32")
    assert (rate.flops, rate.share, rate.per_second, rate.operations) == (50, 0.25, 0.5, 150)
    learning = measured.fine_tuning()
    assert (learning.flops, learning.share, learning.per_second, learning.operations) == (60, 0.15, 2, 30)
    assert measured.captum_ratio("e") == 10


def test_workers_share_the_reading_and_not_the_adding(measured: Throughput) -> None:
    # There are 10 pairs per sentence. 1600 sentences are read in 16 s. They are 16 blocks, added up to 8 sums of 2, 4
    # of 4, 2 of 8 and 1 of 16; each time all 16,000 pairs are written, in 16 s.
    assert measured.counting_seconds(1600) == pytest.approx(16 + 4 * 16)
    assert measured.counting_seconds(1600, workers=2) == pytest.approx(8 + 4 * 16)


def test_a_single_block_is_not_added_to_another(measured: Throughput) -> None:
    assert measured.counting_seconds(100) == pytest.approx(1)


def test_costs_by_hand(measured: Throughput) -> None:
    table = costs(measured, TEXTS, precision="float32", workers=4, vocabulary=50).set_index(["work", "text"])
    assert len(table) == 4 * len(TEXTS)
    explained = table.loc[("Integrated Gradients", "little")]
    assert explained["operations"] == 150_000
    assert explained["hours"] == pytest.approx(150_000 / 50 / 3600)
    assert explained["hours_shared"] == pytest.approx(explained["hours"] / 4)
    assert table.loc[("SHAP", "little"), "hours"] == pytest.approx(2 * explained["hours"])
    assert table.loc[("fine-tuning", "much"), "hours"] == pytest.approx(30e6 / 60 / 3600)
    counted = table.loc[("counting", "much")]
    assert counted["pairs"] == pytest.approx(1e7)
    assert counted["memory"] == pytest.approx(12e7)
    assert (counted["pairs_limited"], counted["memory_limited"]) == (2500, 30_000)
    assert table.loc[("counting", "little"), "pairs_limited"] == 2500
    assert table["operations"].isna().sum() == table["memory"].notna().sum() == 2


def test_twice_the_sentences_cost_twice_and_counting_more(measured: Throughput) -> None:
    table = costs(measured, {"one": 1e6, "two": 2e6}).pivot(index=["work", "encoder"], columns="text", values="hours")
    ratio = (table["two"] / table["one"]).droplevel("encoder")
    assert ratio.drop("counting").to_numpy() == pytest.approx(2)
    assert 2 < ratio["counting"] < 4


def test_numbers(measured: Throughput) -> None:
    table = costs(measured, TEXTS, vocabulary=50)
    numbers = counting_numbers(measured, table) | attribution_numbers(measured, table, occurrences=10)
    assert (numbers["sample_sentences"], numbers["largest"]) == (1000, "much")
    assert numbers["largest_words"] == "20 million"
    assert numbers["per_million"] == 500  # 10 of 20,000 words
    assert numbers["exponent"] == pytest.approx(1)
    assert numbers["frequent_share"] == 0.1
    assert numbers["largest_powers"] == pytest.approx(3.398, abs=1e-3)
    assert numbers["largest_adding"] == pytest.approx(1 - 1e4 / measured.counting_seconds(1e6))
    assert (numbers["captum_small"], numbers["share_large"], numbers["mean_to_short"]) == (10, 0.25, 1.5)


@pytest.mark.parametrize("gpu", [NO_GPU, "Card X"])
def test_the_machine_is_named_and_every_work_is_shown(content: dict[str, Any], tmp_path: Path, gpu: str) -> None:
    content["machine"]["gpu"] = gpu
    (tmp_path / "t.json").write_text(json.dumps(content))
    sizes = {"texts": TEXTS, "precision": "bfloat16", "workers": 1, "vocabulary": 50_000, "occurrences": 10}
    found = scale({"throughput": str(tmp_path / "t.json"), **sizes})
    assert found.numbers["gpu"] == gpu
    shown = cost_table(found["costs"])
    assert shown.shape == (4, 4)
    assert shown.loc[("fine-tuning", "base"), "little"] == "8.3\u00a0min · 0.0\u00a0MFLOP"
    assert shown.loc[("counting", ""), "of peak"] == ""
    assert "Hours for " in scaling(found["growth"], found["costs"]).alt
    assert found["growth"]["pairs_fitted"].tolist() == pytest.approx([1000, 2000, 4000])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (units.duration(59), "59 s"),
        (units.duration(90), "1.5 min"),
        (units.duration(36 * 3600), "1.5 days"),
        (units.duration(3.2e11), "10,140 years"),
        (units.operations(9.96e6), "10 MFLOP"),
        (units.operations(2e18), "2.0 EFLOP"),
        (units.size(3e9), "3.0 GB"),
        (units.count(999_999), "999,999"),
        (units.count(2e7), "20 million"),
    ],
)
def test_units(text: str, expected: str) -> None:
    assert text == expected


def test_a_power_law_is_recovered() -> None:
    x = [10.0, 50.0, 2000.0]
    law = PowerLaw.through(x, [3 * n**0.8 for n in x])
    assert (law.factor, law.exponent) == pytest.approx((3, 0.8))


@pytest.mark.parametrize(
    ("texts", "workers", "match"), [({}, 1, "texts"), ({"none": 0.0}, 1, "texts"), (TEXTS, 0, "workers")]
)
def test_impossible_texts_and_workers(measured: Throughput, texts: dict[str, float], workers: int, match: str) -> None:
    with pytest.raises(InputError, match=match):
        costs(measured, texts, workers=workers)


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"growth": [], "attribution": []}'])
def test_a_missing_or_damaged_file(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "throughput.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=r"benchmarks/throughput\.py"):
        Throughput.read(str(path))


def test_operations_are_those_that_pytorch_counts() -> None:
    """For a real sentence, by PyTorch's own counter, which sees attention too."""
    encoder = SentenceEncoder.load("all-MiniLM-L6-v2", device="cpu")
    shape, sentence = Shape.of_config(encoder.model.config.to_dict()), "Six short words are enough here."
    assert shape
    tokens, units = len(encoder.tokenizer(sentence)["input_ids"]), 7
    with FlopCounterMode(display=False) as counter:
        integrated_gradients(encoder, [sentence], steps=16)
    assert counter.get_total_flops() == pytest.approx(shape.operations([(16 * (1 + units), tokens)]), rel=0.05)
    with FlopCounterMode(display=False) as counter:
        shapley_values(encoder, [sentence])
    assert counter.get_total_flops() == pytest.approx(shape.operations([(2**units, tokens)]), rel=0.05)


def test_training_costs_three_forward_passes() -> None:
    """The encoder's layers forwards and backwards, counted by PyTorch; in training mode, with all weights learning."""
    encoder = SentenceEncoder.load("wig-base", device="cpu")
    shape = Shape.of_config(encoder.model.config.to_dict())
    assert shape
    model, tokens = encoder.model.train().requires_grad_(True), 5
    with FlopCounterMode(display=False) as counter:
        model(input_ids=torch.full((2, tokens), 5)).last_hidden_state.sum().backward()
    assert counter.get_total_flops() == pytest.approx(shape.operations([(3 * 2, tokens)]), rel=0.05)


def test_the_shipped_measurement_can_be_read() -> None:
    measured = Throughput.read(str(ROOT / "results/benchmarks/throughput.json"))
    table = costs(measured, TEXTS)
    assert (table["hours"] > 0).all()
    assert len(measured.encoders) == 2
    assert cost_table(table).shape == (6, 4)
    assert 0.5 < measured.pairs.exponent < 1

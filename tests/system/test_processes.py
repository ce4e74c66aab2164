"""Work that is interrupted and resumed, and work that several processes share, give the same files to the byte."""

import hashlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.context import ForkProcess
from pathlib import Path

import torch
from repository import ROOT

from wig_book.build.pages import Project
from wig_book.build.precompute import run_cells
from wig_book.build.run import Run
from wig_core.attribution.explainer import Explainer
from wig_core.encoders.encoder import SentenceEncoder

SENTENCES = [f"the cat sat on a mat {'cat ' * (i % 5)}" for i in range(9)]
# Without --multi_gpu, and without GPUs, accelerate starts one process only.
LAUNCH = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
TWO = [*LAUNCH, "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]


def explain(encoder: SentenceEncoder) -> None:
    Explainer().explain(encoder, SENTENCES, cache=True, shard_size=2)


def fork(work: Callable[[], object], cache: Path) -> ForkProcess:
    """Start `work` in a fork of this process, which has imported everything already, with a cache of its own."""

    def in_cache() -> None:
        os.environ["WIG_CACHE"] = str(cache)
        torch.set_num_threads(1)  # makes torch's pool anew; the threads that load a model must not do so all at once
        work()

    process = multiprocessing.get_context("fork").Process(target=in_cache)
    process.start()
    return process


def finish(*processes: ForkProcess) -> None:
    for process in processes:
        process.join(300)
        process.kill()
    assert [process.exitcode for process in processes] == [0] * len(processes)


def digests(cache: Path) -> dict[str, str]:
    """The digest of each file in a cache, by its path."""
    files = [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {str(path.relative_to(cache)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_an_interrupted_attribution_repeats_at_most_one_shard(bert: SentenceEncoder, tmp_path: Path) -> None:
    finish(fork(partial(explain, bert), tmp_path / "whole"))
    expected = digests(tmp_path / "whole")
    assert sum("shard-" in name for name in expected) == 5

    cut = tmp_path / "cut"
    times: dict[Path, int] = {}
    for done in (0, 2):
        process = fork(partial(explain, bert), cut)
        while len(shards := list(cut.rglob("shard-*.safetensors"))) <= done and process.is_alive():
            time.sleep(0.0001)
        process.kill()
        process.join()
        assert all(times.setdefault(shard, shard.stat().st_mtime_ns) == shard.stat().st_mtime_ns for shard in shards)
    finish(fork(partial(explain, bert), cut))
    after = {path.name: path.stat().st_mtime_ns for path in cut.rglob("shard-*.safetensors")}
    assert all(after[shard.name] == before for shard, before in times.items())  # no finished shard was made again
    assert digests(cut) == expected


def test_processes_share_the_shards(bert: SentenceEncoder, tmp_path: Path) -> None:
    finish(fork(partial(explain, bert), tmp_path / "one"))
    finish(*(fork(partial(explain, bert), tmp_path / "two") for _ in range(2)))
    assert digests(tmp_path / "two") == digests(tmp_path / "one")


def test_two_processes_precompute_a_page(tmp_path: Path) -> None:
    for folder in ("notebooks", "book"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("_build"))
    cache, results = tmp_path / "cache", tmp_path / "results"
    arguments = [
        "-m",
        "wig_core",
        "precompute",
        "examples_before_after",
        "--profile",
        "smoke",
    ]  # it trains, and explains
    environment = os.environ | {"WIG_CACHE": str(cache), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    options = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "timeout": 300}
    launched = subprocess.run([*TWO, *arguments], **options)
    assert launched.returncode == 0, launched.stderr[-3000:]
    assert not results.exists()
    precomputed = digests(cache)
    assert {name.split("/")[0] for name in precomputed} == {"encoders", "contributions"}

    project = Project(tmp_path)
    page = Run.of(tmp_path, project.page("examples_before_after"), project.profile("smoke"))
    finish(fork(partial(run_cells, page, results), cache))
    assert digests(cache) == precomputed  # the page has found all that it needs
    assert json.loads((results / "examples_before_after.json").read_text())

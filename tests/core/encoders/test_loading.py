"""Folders of every layout and setting: equal to sentence-transformers, or one line that says why not."""

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tiny import POSITIONS, save_architecture
from transformers import AutoModel, AutoTokenizer, BertForSequenceClassification, T5Model

from wig_core import InputError, integrated_gradients
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.pooling import pooled

SENTENCES = ["The unbelievable cats don't sit.", "a", "on a mat " * 40, "well known rain"]
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 438000000\n"
MODES = ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]


def load(folder: Path) -> SentenceEncoder:
    return SentenceEncoder.load(folder, device="cpu")


def assert_equal(folder: Path, *, one_by_one: bool = False, **arguments: Any) -> SentenceEncoder:
    """The encoder of a folder, whose embeddings are those of sentence-transformers."""
    encoder, reference = load(folder), SentenceTransformer(str(folder), device="cpu", **arguments)
    size = 1 if one_by_one else 32
    expected = reference.encode(SENTENCES, convert_to_tensor=True, batch_size=size)
    torch.testing.assert_close(encoder.encode(SENTENCES), expected, atol=1e-5, rtol=1e-5)
    return encoder


def refused(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        load(folder)
    [line] = str(caught.value).splitlines()
    return line


def change(file: Path, **settings: object) -> None:
    """Change settings in a JSON file; None removes one."""
    content = json.loads(file.read_text()) if file.is_file() else {}
    file.write_text(json.dumps({key: value for key, value in (content | settings).items() if value is not None}))


@pytest.fixture
def folder(tiny_folders: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the folder of the tiny BERT, as transformers saves it."""
    return Path(shutil.copytree(tiny_folders["bert"], tmp_path / "folder"))


@pytest.fixture
def save(tiny_folders: dict[str, Path], tmp_path: Path) -> Callable[..., Path]:
    """Saves a tiny encoder by sentence-transformers and returns the folder."""

    def save_one(
        *more: torch.nn.Module, kind: str = "bert", mode: Any = "mean", prompted: bool = True, **settings: Any
    ) -> Path:
        modules = [Transformer(str(tiny_folders[kind])), Pooling(32, mode, include_prompt=prompted), *more]
        SentenceTransformer(modules=modules, device="cpu", **settings).save(str(tmp_path / "saved"))
        return tmp_path / "saved"

    return save_one


# ── pooling, dense layers, prompts ──


@pytest.mark.parametrize("mode", MODES)
def test_every_pooling(save: Callable[..., Path], mode: str, tmp_path: Path) -> None:
    encoder = assert_equal(save(mode=mode))
    assert encoder.pooling == mode
    encoder.save(tmp_path / "again")
    assert torch.equal(assert_equal(tmp_path / "again").encode(SENTENCES), encoder.encode(SENTENCES))


def test_pooling_by_hand() -> None:
    hidden, mask = torch.tensor([[[1.0, -8.0], [3.0, -4.0], [50.0, 50.0]]]), torch.tensor([[1, 1, 0]])
    expected = {"mean": [2, -6], "cls": [1, -8], "max": [3, -4], "lasttoken": [3, -4], "weightedmean": [7 / 3, -16 / 3]}
    for mode, vector in expected.items():
        torch.testing.assert_close(pooled(hidden, mask, mode)[0], torch.tensor(vector, dtype=torch.float32))
    torch.testing.assert_close(pooled(hidden, mask, "mean_sqrt_len_tokens")[0], torch.tensor([4.0, -12.0]) / 2**0.5)
    assert pooled(hidden, mask, "mean", skip=1)[0].tolist() == [3.0, -4.0]
    assert pooled(hidden, mask, "mean", skip=2)[0].tolist() == [0.0, 0.0]


def test_several_poolings_at_once(save: Callable[..., Path]) -> None:
    assert "supported are mean, cls" in refused(save(mode=("mean", "cls")))
    folder = save(mode="mean")
    change(folder / "1_Pooling/config.json", pooling_mode="sum")
    assert "asks for pooling sum" in refused(folder)
    change(folder / "1_Pooling/config.json", pooling_mode=None)  # no mode at all is the mean
    assert assert_equal(folder).pooling == "mean"


@pytest.mark.parametrize("normalize", [False, True])
def test_dense_layers(save: Callable[..., Path], normalize: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    more = [Dense(32, 24), Dense(24, 12, bias=False, activation_function=torch.nn.ReLU()), Dense(12, 12)]
    more += [Dense(12, 8, activation_function=torch.nn.Identity(), use_residual=True)]
    encoder = assert_equal(save(*more, *[Normalize()] * normalize))
    assert encoder.dimension == 8
    encoder.save(tmp_path / "again")
    again = assert_equal(tmp_path / "again")
    assert torch.equal(again.encode(SENTENCES), encoder.encode(SENTENCES))
    assert again.fingerprint() == encoder.fingerprint() != load(save(*more[:3])).fingerprint()
    # Attribution explains the vector behind the dense layers and before the scaling.
    [found] = integrated_gradients(encoder, SENTENCES[:1], steps=64)
    assert found.completeness_error < 0.05
    embedding = torch.nn.functional.normalize(found.embedding, dim=0) if normalize else found.embedding
    torch.testing.assert_close(embedding, encoder.encode(SENTENCES[0]))


@pytest.mark.parametrize(
    "settings",
    [
        {"activation_function": "my.own.Activation"},
        {"activation_function": "torch.nn.functional.relu"},
        {"module_input_name": "token_embeddings"},
        {"in_features": 31},
        {"in_features": "many"},
        {"out_features": None},
    ],
)
def test_dense_layers_that_do_not_fit(save: Callable[..., Path], settings: dict[str, Any]) -> None:
    folder = save(Dense(32, 8))
    change(folder / "2_Dense/config.json", **settings)
    assert "the dense layer in" in refused(folder)


def test_weights_of_dense_layers(save: Callable[..., Path]) -> None:
    file = save(Dense(32, 8)) / "2_Dense/model.safetensors"
    save_file({name: weight * float("nan") for name, weight in load_file(file).items()}, file)
    assert "not finite" in refused(file.parents[1])
    file.write_text(POINTER)
    assert "is a Git LFS pointer" in refused(file.parents[1])
    file.rename(file.parent / "pytorch_model.bin")
    assert "no .safetensors weights" in refused(file.parents[1])


@pytest.mark.parametrize("prompted", [True, False])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
def test_prompts(save: Callable[..., Path], kind: str, mode: str, prompted: bool) -> None:
    prompt = {"query": "the cat sat: "}
    encoder = assert_equal(save(kind=kind, mode=mode, prompted=prompted, prompts=prompt, default_prompt_name="query"))
    assert (encoder.prompt, encoder.include_prompt) == (prompt["query"], prompted)


def test_the_prompt_is_held_fixed(save: Callable[..., Path], tmp_path: Path) -> None:
    folder = save(kind="xlm-roberta", prompts={"query": "the cat: "}, default_prompt_name="query")
    encoder = load(folder)
    tokens = encoder.tokenize(["a mat"])
    assert tokens.special.tolist() == [[True, True, True, True, False, False, True]]  # <s> ▁the ▁cat : | ▁a ▁mat | </s>
    assert [tokens.offsets[0][place] for place in (4, 5)] == [(0, 1), (1, 5)]
    [found] = integrated_gradients(encoder, ["a mat"], steps=64)
    assert found.words == ["a", "mat"]
    assert found.completeness_error < 1e-3
    torch.testing.assert_close(found.embedding, encoder.encode("a mat"))
    torch.testing.assert_close(found.embedding, load_plain(folder, tmp_path).encode("the cat: a mat"))
    encoder.save(tmp_path / "again")
    assert assert_equal(tmp_path / "again").prompt == "the cat: "


def load_plain(folder: Path, scratch: Path) -> SentenceEncoder:
    """The same encoder without its prompt."""
    copied = Path(shutil.copytree(folder, scratch / "plain"))
    change(copied / "config_sentence_transformers.json", default_prompt_name=None)
    return load(copied)


def test_a_prompt_that_leaves_no_room(save: Callable[..., Path]) -> None:
    folder = save(prompts={"query": "the cat sat on a mat "}, default_prompt_name="query")
    change(folder / "sentence_bert_config.json", max_seq_length=8)
    assert "reads 8 tokens at most, of which special tokens and its prompt take 8, so no word" in refused(folder)


def test_a_prompt_that_is_not_there(save: Callable[..., Path]) -> None:
    folder = save()
    change(folder / "config_sentence_transformers.json", default_prompt_name="other")
    assert "puts the prompt 'other' before every sentence but does not say what it is" in refused(folder)
    change(folder / "config_sentence_transformers.json", default_prompt_name="document", prompts={})
    assert assert_equal(folder).prompt == ""


# ── tokenizers: sides, limits, more tokens than rows ──


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize("mode", ["cls", "mean", "max", "lasttoken"])
def test_padding_on_the_left(save: Callable[..., Path], kind: str, mode: str) -> None:
    folder = save(kind=kind, mode=mode)
    change(folder / "tokenizer_config.json", padding_side="left")
    encoder = assert_equal(folder, one_by_one=True)  # in company, sentence-transformers would shift the positions
    alone = torch.stack([encoder.encode(sentence) for sentence in SENTENCES])
    torch.testing.assert_close(encoder.encode(SENTENCES), alone, atol=1e-5, rtol=1e-5)
    found = integrated_gradients(encoder, SENTENCES[:2], steps=2)
    torch.testing.assert_close(torch.stack([one.embedding for one in found]), alone[:2], atol=1e-5, rtol=1e-5)


def test_truncation_on_the_left(folder: Path) -> None:
    change(folder / "tokenizer_config.json", truncation_side="left", model_max_length=8)
    encoder = assert_equal(folder)
    with pytest.warns(UserWarning, match="1 of 1 sentences are longer than the 8 tokens"):
        [found] = integrated_gradients(encoder, ["the cat sat on a mat in unknown rain"], steps=2)
    assert found.words == ["unknown", "rain"]  # un ##k ##n ##o ##w ##n would be cut within: six tokens are read


@pytest.mark.parametrize("model_type", ["deberta-v2", "gpt2", "distilbert", "modernbert", "electra", "albert", "opt"])
def test_the_limit_of_each_architecture(model_type: str, tmp_path: Path) -> None:
    folder = save_architecture(tmp_path, model_type)
    change(folder / "tokenizer_config.json", model_max_length=10**30)
    assert assert_equal(folder).max_tokens == POSITIONS


@pytest.mark.parametrize("model_type", ["gpt2", "opt", "bert"])
def test_a_limit_beyond_the_positions(model_type: str, tmp_path: Path) -> None:
    folder = save_architecture(tmp_path / "plain", model_type)
    SentenceTransformer(str(folder), device="cpu").save(str(tmp_path / "saved"))
    change(tmp_path / "saved/sentence_bert_config.json", max_seq_length=512)
    encoder = load(tmp_path / "saved")
    assert encoder.max_tokens == POSITIONS
    assert encoder.encode(["a " * 200]).isfinite().all()


@pytest.mark.parametrize("limit", [1, 2, -1, "many"])
def test_a_limit_that_leaves_no_word(save: Callable[..., Path], limit: object) -> None:
    folder = save()
    change(folder / "sentence_bert_config.json", max_seq_length=limit)
    assert "max_seq_length" in refused(folder)


@pytest.mark.parametrize("name", ["bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"])
def test_settings_under_their_older_names(save: Callable[..., Path], name: str) -> None:
    folder = save(kind="xlm-roberta")
    (folder / "sentence_bert_config.json").unlink()
    change(folder / f"sentence_{name}_config.json", max_seq_length=12, do_lower_case=True)
    encoder = assert_equal(folder)
    assert encoder.max_tokens == 12
    torch.testing.assert_close(encoder.encode("THE Cat"), encoder.encode("the cat"))


def test_lower_casing_keeps_the_offsets(save: Callable[..., Path], tmp_path: Path) -> None:
    folder = save(kind="roberta")
    change(folder / "sentence_bert_config.json", do_lower_case=True)
    encoder = assert_equal(folder)
    text = "İ THE Cat"  # the first letter becomes two characters
    assert {text[start:end].strip() for start, end in encoder.tokenize([text]).offsets[0]} >= {"THE", "Cat"}
    encoder.save(tmp_path / "again")
    assert torch.equal(load(tmp_path / "again").encode(["THE Cat"]), encoder.encode(["THE Cat"]))


@pytest.mark.parametrize("token", ["<product>", "[MASK2]"])
def test_more_tokens_than_rows(folder: Path, token: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = len(tokenizer)
    tokenizer.add_tokens([token])
    tokenizer.save_pretrained(folder)
    line = f"the tokenizer has {rows + 1} tokens, the model {rows}; call resize_token_embeddings and save"
    assert line in refused(folder)
    model = AutoModel.from_pretrained(folder)
    model.resize_token_embeddings(rows + 1)
    model.save_pretrained(folder)
    assert_equal(folder)


def test_a_tokenizer_without_padding(tmp_path: Path) -> None:
    folder = save_architecture(tmp_path, "gpt2")
    change(folder / "tokenizer_config.json", pad_token=None)
    assert "has no padding token" in refused(folder)


def test_a_sentence_without_tokens(tmp_path: Path) -> None:
    folder = save_architecture(tmp_path, "gpt2")
    content = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps(content | {"post_processor": None}))
    with pytest.raises(InputError, match="makes no token of ''; leave this sentence out"):
        load(folder).encode(["the cat", ""])


def test_segments_that_are_not_the_default(folder: Path) -> None:
    content = json.loads((folder / "tokenizer.json").read_text())
    pieces: list[Any] = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 1}}]
    special = {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}}
    template = {"type": "TemplateProcessing", "single": pieces, "pair": pieces, "special_tokens": special}
    (folder / "tokenizer.json").write_text(json.dumps(content | {"post_processor": template}))
    names = ["input_ids", "token_type_ids", "attention_mask"]
    change(folder / "tokenizer_config.json", model_input_names=names)
    assert "its tokenizer puts tokens into segments" in refused(folder)


# ── weights and configurations ──


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "1_Pooling/config.json"])
def test_git_lfs_pointers(save: Callable[..., Path], name: str) -> None:
    folder = save()
    (folder / name).write_text(POINTER)
    assert f"{name}' is a Git LFS pointer, not the file; run `git lfs pull`" in refused(folder)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("alone", [True, False])
def test_t5(tmp_path: Path, whole: bool, alone: bool) -> None:
    folder = save_architecture(tmp_path / "t5", "t5")
    expected = assert_equal(folder).encode(SENTENCES)
    if whole:  # with a decoder, as T5Model saves it
        T5Model.from_pretrained(folder, is_encoder_decoder=True, num_decoder_layers=2).save_pretrained(folder)
    if not alone:
        SentenceTransformer(str(folder), device="cpu").save(str(tmp_path / "saved"))
        folder = tmp_path / "saved"
    torch.testing.assert_close(assert_equal(folder).encode(SENTENCES), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(folder: Path, dtype: torch.dtype) -> None:
    AutoModel.from_pretrained(folder).to(dtype).save_pretrained(folder)
    encoder = assert_equal(folder, model_kwargs={"dtype": torch.float32})
    assert encoder.model.dtype == torch.float32


def test_shards(folder: Path) -> None:
    whole = load(folder).encode(SENTENCES)
    model = AutoModel.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    shards = sorted(folder.glob("model-*.safetensors"))
    assert len(shards) > 2
    assert torch.equal(assert_equal(folder).encode(SENTENCES), whole)
    shards[1].unlink()
    assert f"names the shard {shards[1].name}, which is missing" in refused(folder)
    (folder / "model.safetensors.index.json").write_text("{}")
    assert "has no weight_map" in refused(folder)


@pytest.mark.parametrize("settings", [{"return_dict": False}, {"output_hidden_states": True}, {"use_cache": False}])
def test_settings_of_the_output(folder: Path, settings: dict[str, bool]) -> None:
    change(folder / "config.json", **settings)
    encoder = assert_equal(folder)
    [found] = integrated_gradients(encoder, SENTENCES[:1], steps=2)
    torch.testing.assert_close(found.embedding, encoder.encode(SENTENCES[0]))


def test_an_adapter(folder: Path) -> None:
    change(folder / "adapter_config.json", base_model_name_or_path="own/base")
    assert "holds an adapter (PEFT) of 'own/base'" in refused(folder)


def test_quantised_weights(folder: Path) -> None:
    change(folder / "config.json", quantization_config={"quant_method": "bitsandbytes"})
    assert "quantised" in refused(folder)


def test_a_classifier_is_not_taken_for_an_encoder_silently(folder: Path) -> None:
    BertForSequenceClassification.from_pretrained(folder, num_labels=1).save_pretrained(folder)
    with pytest.warns(UserWarning, match="holds a classifier or cross-encoder; its head is not read"):
        load(folder)


def test_a_decoder_pools_its_last_token(tmp_path: Path) -> None:
    folder = save_architecture(tmp_path, "gpt2")
    change(folder / "config.json", architectures=["GPT2LMHeadModel"])
    assert assert_equal(folder).pooling == "mean"
    change(folder / "config.json", architectures=["LlamaForCausalLM"])
    assert assert_equal(folder).pooling == "lasttoken"


@pytest.mark.parametrize("place", ["tokenizer_config.json", "chat_template.jinja"])
def test_a_chat_template(tmp_path: Path, place: str) -> None:
    folder = save_architecture(tmp_path / "plain", "llama")
    if place == "tokenizer_config.json":
        change(folder / place, chat_template="{{ messages[0]['content'] }}")
    else:
        (folder / place).write_text("{{ messages[0]['content'] }}")
    assert "is of a chat model, whose template would surround every sentence" in refused(folder)


# ── modules of sentence-transformers ──


def test_modules_by_every_name(save: Callable[..., Path]) -> None:
    folder = save(Normalize())
    modules = json.loads((folder / "modules.json").read_text())
    for package in ("sentence_transformers.models", "sentence_transformers.sentence_transformer.modules"):
        renamed = [module | {"type": f"{package}.{module['type'].rsplit('.', 1)[-1]}"} for module in modules]
        (folder / "modules.json").write_text(json.dumps(renamed))
        assert assert_equal(folder).normalize


def test_a_transformer_in_a_folder_of_its_own(save: Callable[..., Path]) -> None:
    folder = save()
    (folder / "0_Transformer").mkdir()
    for file in folder.glob("*.json"):
        if file.name not in ("modules.json", "config_sentence_transformers.json"):
            file.rename(folder / "0_Transformer" / file.name)
    (folder / "model.safetensors").rename(folder / "0_Transformer/model.safetensors")
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["path"] = "0_Transformer"
    (folder / "modules.json").write_text(json.dumps(modules))
    assert_equal(folder)


@pytest.mark.parametrize(
    ("kinds", "line"),
    [
        (["Pooling", "Transformer"], "supported are Transformer and Pooling"),
        (["Transformer"], "supported are Transformer and Pooling"),
        (["Transformer", "Normalize", "Pooling"], "supported are Transformer and Pooling"),
        (["Transformer", "Pooling", "Normalize", "Dense"], "supported are Transformer and Pooling"),
        (["Transformer", "CNN"], "has the module CNN, which is not supported"),
    ],
)
def test_modules_in_another_order(save: Callable[..., Path], kinds: list[str], line: str) -> None:
    folder = save()
    modules = [{"idx": 0, "name": kind, "path": "", "type": f"sentence_transformers.models.{kind}"} for kind in kinds]
    (folder / "modules.json").write_text(json.dumps(modules))
    assert line in refused(folder)


def test_the_order_of_the_list_counts(save: Callable[..., Path]) -> None:
    folder = save(Normalize())
    modules = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps([module | {"idx": 9 - i} for i, module in enumerate(modules)]))
    assert_equal(folder)


@pytest.mark.parametrize("path", ["../elsewhere", "/tmp"])
def test_a_path_that_leaves_the_folder(save: Callable[..., Path], path: str) -> None:
    folder = save()
    modules = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps([modules[0], modules[1] | {"path": path}]))
    assert "leaves the folder" in refused(folder)


@pytest.mark.parametrize("content", ["{}", "[1]", '[{"type": "sentence_transformers.models.Pooling"}]', "null", "["])
def test_damaged_modules(save: Callable[..., Path], content: str) -> None:
    folder = save()
    (folder / "modules.json").write_text(content)
    assert "modules.json" in refused(folder)


@pytest.mark.parametrize(
    "settings",
    [
        {"config_args": {"num_hidden_layers": 1}},
        {"processing_kwargs": {"text": {"max_length": 5}}},
        {"tokenizer_name_or_path": "own/tokenizer"},
        {"modality_config": {"message": {"method": "forward", "method_output_name": "last_hidden_state"}}},
        {"transformer_task": "fill-mask"},
        {"model_args": {"variant": "fp16"}},
    ],
)
def test_settings_that_are_not_supported(save: Callable[..., Path], settings: dict[str, Any]) -> None:
    folder = save()
    change(folder / "sentence_bert_config.json", **settings)
    assert f"sets {next(iter(settings))}, which is not supported" in refused(folder)


def test_settings_of_the_whole(save: Callable[..., Path]) -> None:
    folder = save()
    change(folder / "config_sentence_transformers.json", truncate_dim=8)
    assert "cuts embeddings to 8 numbers" in refused(folder)
    change(folder / "config_sentence_transformers.json", truncate_dim=None, model_type="SparseEncoder")
    assert "holds a SparseEncoder, which gives no sentence embeddings" in refused(folder)


# ── no code from a folder runs ──

TOUCH = "from pathlib import Path\nPath(__file__).with_name('touched').touch()\n"
PLANTED = ["configuration_my", "modeling_my", "tokenization_my", "custom_module"]


@pytest.mark.parametrize("where", ["config", "known type", "tokenizer", "module", "module of a package"])
def test_code_of_a_folder_is_never_run(
    where: str, save: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save()
    for name in PLANTED:
        (folder / f"{name}.py").write_text(TOUCH)
    own = {"AutoConfig": "configuration_my.MyConfig", "AutoModel": "modeling_my.MyModel"}
    modules = json.loads((folder / "modules.json").read_text())
    if where == "config":
        change(folder / "config.json", model_type="my_bert", auto_map=own)
    elif where == "known type":
        change(folder / "config.json", auto_map=own)
    elif where == "tokenizer":
        change(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["tokenization_my.MyTokenizer", None]})
    else:
        kind = {
            "module": "custom_module.Custom",
            "module of a package": "sentence_transformers_x.custom_module.Pooling",
        }
        modules[1]["type"] = kind[where]
        (folder / "modules.json").write_text(json.dumps(modules))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n" * 9))
    line = refused(folder)
    assert "needs code of its own" in line
    assert "which is not run; give an encoder of transformers' own" in line
    assert not list(folder.rglob("touched"))
    assert sys.stdin.read() == "y\n" * 9
    assert "[y/N]" not in "".join(capsys.readouterr())
    assert not set(PLANTED) & sys.modules.keys()

"""The settings in the folder of an encoder, as transformers and sentence-transformers save it: read and written.

What a folder asks for is supported, or named in one line: nothing that would change an embedding is left out silently.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from wig_core.encoders.registry import Pooling, Similarity
from wig_core.errors import InputError

STATIC = "StaticEmbedding"  # the module of a static encoder
_FLAGS: dict[str, Pooling] = {  # how older folders name the modes
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_KINDS = ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")  # of sentence_…_config.json
_HARMLESS = {  # settings of the module Transformer that do not change an embedding
    "max_seq_length",
    "do_lower_case",
    "transformer_task",
    "module_output_name",
    "modality_config",
    "unpad_inputs",
    "query_length",
    "document_length",
}
_MODEL_ARGUMENTS = {"dtype", "torch_dtype", "attn_implementation", "trust_remote_code"}  # replaced by our own


@dataclass(frozen=True)
class FolderConfig:
    """What the folder of an encoder says about it.

    Attributes:
        transformer: the folder of the transformer, or of the table of a static encoder, and its tokenizer.
        is_static: whether it is a table.
        pooling: how token vectors become one vector.
        include_prompt: whether the prompt's tokens are pooled.
        dense: the folders of the dense layers after the pooling, in order.
        normalize: whether the embedding is scaled to unit length at the end.
        similarity: how embeddings are compared.
        prompt: the text before every sentence; empty if there is none.
        max_tokens: the limit on tokens; None if the folder sets none.
        lower_case: whether text is lower-cased before the tokenizer.
    """

    transformer: Path
    is_static: bool = False
    pooling: Pooling = "mean"
    include_prompt: bool = True
    dense: tuple[Path, ...] = ()
    normalize: bool = False
    similarity: Similarity = "cosine"
    prompt: str = ""
    max_tokens: int | None = None
    lower_case: bool = False


def read_folder(folder: Path) -> FolderConfig:
    """Read the settings of an encoder's folder.

    Raises:
        InputError: the folder holds no model, needs code of its own, or asks for something that is not supported.
    """
    _check_pointers(folder)
    modules = read_json(folder / "modules.json", list) or None
    config = FolderConfig(folder) if modules is None else _read_modules(folder, modules)
    if config.is_static:
        _check_weights(config.transformer)
    else:
        _check_transformer(config.transformer)
    if modules is None:
        return FolderConfig(folder, pooling=_default_pooling(folder))
    return config


def write_settings(config: FolderConfig, hidden_size: int) -> None:
    """Write the settings of an encoder as sentence-transformers does, beside its transformer."""
    folder = config.transformer
    kinds = [STATIC] if config.is_static else ["Transformer", "Pooling"]
    kinds += ["Dense"] * len(config.dense) + ["Normalize"] * config.normalize
    places = [f"{i}_{kind}" if i else "" for i, kind in enumerate(kinds)]
    files: dict[str, Any] = {
        "modules.json": [
            {"idx": i, "name": str(i), "path": place, "type": f"sentence_transformers.models.{kind}"}
            for i, (place, kind) in enumerate(zip(places, kinds, strict=True))
        ],
        "sentence_bert_config.json": {"max_seq_length": config.max_tokens, "do_lower_case": config.lower_case},
        "config_sentence_transformers.json": {
            "similarity_fn_name": config.similarity,
            "prompts": {"all": config.prompt} if config.prompt else {},
            "default_prompt_name": "all" if config.prompt else None,
        },
    }
    if not config.is_static:
        files["1_Pooling/config.json"] = {
            "word_embedding_dimension": hidden_size,
            **{flag: mode == config.pooling for flag, mode in _FLAGS.items()},
            "include_prompt": config.include_prompt,
        }
    for place in places[1:]:
        (folder / place).mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_json(path: Path, kind: type = dict) -> Any:
    """The content of a JSON file; empty if there is no such file.

    Raises:
        InputError: it is not valid JSON, or not of this kind.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else kind()
    except ValueError as error:
        raise InputError(f"{str(path)!r} is not valid JSON: {error}; save the model again") from error
    if not isinstance(content, kind):
        raise InputError(f"{str(path)!r} holds a {type(content).__name__}, not a {kind.__name__}; save the model again")
    return content


def _check_pointers(folder: Path) -> None:
    for path in (*folder.glob("*"), *folder.glob("*/*")):
        if path.suffix in {".json", ".safetensors", ".txt", ".model"} and path.is_file():
            with path.open("rb") as file:
                if file.read(40).startswith(b"version https://git-lfs.github.com"):
                    raise InputError(f"{str(path)!r} is a Git LFS pointer, not the file; run `git lfs pull` beside it")


# ── the transformer's own folder ──


def _check_transformer(folder: Path) -> None:
    if (folder / "adapter_config.json").is_file():
        base = read_json(folder / "adapter_config.json").get("base_model_name_or_path")
        raise InputError(
            f"folder {str(folder)!r} holds an adapter (PEFT) of {base!r}, not an encoder; merge it into its base "
            "(merge_and_unload) and save that"
        )
    if not (folder / "config.json").is_file():
        raise InputError(
            f"folder {str(folder)!r} holds no model: config.json is missing; give a folder saved by transformers"
        )
    config = read_json(folder / "config.json")
    for name in ("config.json", "tokenizer_config.json"):
        if read_json(folder / name).get("auto_map"):
            raise _needs_code(folder, f"{name} has an auto_map")
    if config.get("quantization_config"):
        raise InputError(f"folder {str(folder)!r} holds quantised weights, without derivatives; give weights as floats")
    _check_weights(folder)


def _needs_code(folder: Path, why: str) -> InputError:
    return InputError(
        f"folder {str(folder)!r} needs code of its own ({why}), which is not run; give an encoder of transformers' own"
    )


def _check_weights(folder: Path) -> None:
    """Raise InputError unless the weights are there as safetensors, in one file or in shards."""
    if (folder / "model.safetensors").is_file():
        return
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        raise InputError(f"folder {str(folder)!r} has no .safetensors weights; save the model again with safetensors")
    files = read_json(index).get("weight_map")
    if not isinstance(files, dict) or not files:
        raise InputError(f"{str(index)!r} has no weight_map; save the model again")
    for name in sorted(set(map(str, files.values()))):
        if not (folder / name).is_file():
            raise InputError(f"{str(index)!r} names the shard {name}, which is missing; download it or save again")


def architecture_of(architectures: object) -> str:
    """The first of the `architectures` of a config.json, or an empty string."""
    return str(architectures[0]) if isinstance(architectures, list) and architectures else ""


def _default_pooling(folder: Path) -> Pooling:
    """The pooling that sentence-transformers takes for a folder of transformers: the last token's for a decoder."""
    if read_json(folder / "tokenizer_config.json").get("chat_template") or (folder / "chat_template.jinja").is_file():
        raise InputError(
            f"folder {str(folder)!r} is of a chat model, whose template would surround every sentence; save it by "
            "sentence-transformers with a Pooling of your choice, or delete its chat_template"
        )
    config = read_json(folder / "config.json")
    return (
        "lasttoken"
        if architecture_of(config.get("architectures")).endswith("ForCausalLM") and config.get("is_causal", True)
        else "mean"
    )


# ── modules of sentence-transformers ──


def _read_modules(folder: Path, modules: list[Any]) -> FolderConfig:
    general = read_json(folder / "config_sentence_transformers.json")
    if (kind := general.get("model_type", "SentenceTransformer")) != "SentenceTransformer":
        raise InputError(f"folder {str(folder)!r} holds a {kind}, which gives no sentence embeddings; give an encoder")
    kinds, places = [], []
    for module in modules:
        kind, place = _module(folder, module)
        if kind != "Dropout":  # it does nothing after the training
            kinds.append(kind)
            places.append(place)
    dense = [place for kind, place in zip(kinds, places, strict=True) if kind == "Dense"]
    normalize, is_static = kinds[-1:] == ["Normalize"], kinds[:1] == [STATIC]
    first = [STATIC] if is_static else ["Transformer", "Pooling"]
    if kinds != [*first, *["Dense"] * len(dense), *["Normalize"] * normalize]:
        raise InputError(
            f"folder {str(folder)!r} has the modules {', '.join(kinds)}; "
            f"supported are Transformer and Pooling, or {STATIC}; then any number of Dense; then Normalize"
        )
    settings = {} if is_static else _transformer_settings(places[0])
    pooling = {} if is_static else read_json(places[1] / "config.json")
    return FolderConfig(
        transformer=places[0],
        is_static=is_static,
        pooling="mean" if is_static else _pooling_of(places[1] / "config.json", pooling),
        include_prompt=bool(pooling.get("include_prompt", True)),
        dense=tuple(dense),
        normalize=normalize,
        similarity=_similarity_of(folder, general),
        prompt=_prompt_of(folder, general),
        max_tokens=settings.get("max_seq_length"),
        lower_case=bool(settings.get("do_lower_case")),
    )


def _module(folder: Path, module: Any) -> tuple[str, Path]:
    """The kind of one entry of modules.json, and its folder."""
    if not isinstance(module, dict) or not all(isinstance(module.get(key), str) for key in ("type", "path")):
        raise InputError(f"{str(folder / 'modules.json')!r}: an entry lacks its type or path; save the model again")
    package, _, kind = module["type"].rpartition(".")
    if not package.startswith("sentence_transformers."):
        raise _needs_code(folder, f"modules.json names {module['type']}")
    if kind not in {"Transformer", "Pooling", STATIC, "Dense", "Normalize", "Dropout"}:
        raise InputError(
            f"folder {str(folder)!r} has the module {kind}, which is not supported; "
            f"give an encoder of Transformer and Pooling, or {STATIC}, and Dense and Normalize"
        )
    place = folder / module["path"]
    if not place.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{str(folder / 'modules.json')!r}: the path {module['path']!r} leaves the folder; correct it")
    return kind, place


def _transformer_settings(folder: Path) -> dict[str, Any]:
    """The settings of the module Transformer, whichever of its historical names their file has."""
    files = [folder / f"sentence_{kind}_config.json" for kind in _KINDS]
    file = next((file for file in files if read_json(file)), files[0])
    settings = read_json(file)
    asked = {key for key, value in settings.items() if value}
    for key in ("model_args", "model_kwargs"):
        if isinstance(settings.get(key), dict) and settings[key].keys() <= _MODEL_ARGUMENTS:
            asked -= {key}
    modality = settings.get("modality_config", {"text": {}})
    chat = not isinstance(modality, dict) or modality.keys() != {"text"}
    task = settings.get("transformer_task", "feature-extraction") != "feature-extraction"
    other = settings.get("module_output_name", "token_embeddings") != "token_embeddings"
    unsupported = sorted(asked - _HARMLESS) + ["modality_config"] * chat + ["transformer_task"] * (task or other)
    if unsupported:
        raise InputError(
            f"{str(file)!r} sets {unsupported[0]}, which is not supported; "
            "give an encoder of plain text without this setting"
        )
    limit = settings.get("max_seq_length")
    if limit is not None and not (isinstance(limit, int) and limit > 0):
        raise InputError(f"{str(file)!r}: max_seq_length is {limit!r}; give a positive number or null")
    return settings


def _pooling_of(file: Path, settings: dict[str, Any]) -> Pooling:
    """The pooling, in its older form (one flag per mode) or its newer (one word, or a list)."""
    chosen = settings.get("pooling_mode", [mode for flag, mode in _FLAGS.items() if settings.get(flag)]) or ["mean"]
    [mode, *more] = chosen if isinstance(chosen, list) else [chosen]
    if mode not in get_args(Pooling) or more:
        raise InputError(
            f"{str(file)!r} asks for pooling {chosen}; supported are {', '.join(get_args(Pooling))}, one at a time"
        )
    return cast(Pooling, mode)


def _similarity_of(folder: Path, general: dict[str, Any]) -> Similarity:
    similarity: Any = general.get("similarity_fn_name") or "cosine"
    if similarity not in get_args(Similarity):
        raise InputError(
            f"folder {str(folder)!r} compares embeddings by {similarity}, which is not supported; "
            f"supported are {', '.join(get_args(Similarity))}"
        )
    if general.get("truncate_dim"):
        raise InputError(
            f"folder {str(folder)!r} cuts embeddings to {general['truncate_dim']} numbers, which is not supported; "
            "set its truncate_dim to null"
        )
    return similarity


def _prompt_of(folder: Path, general: dict[str, Any]) -> str:
    """The text before every sentence."""
    name, prompts = general.get("default_prompt_name"), general.get("prompts") or {}
    if name is None:
        return ""
    known = {"query": "", "document": ""} | (prompts if isinstance(prompts, dict) else {})
    prompt = (known[name] or "") if isinstance(name, str) and name in known else None
    if not isinstance(prompt, str):
        raise InputError(
            f"folder {str(folder)!r} puts the prompt {name!r} before every sentence but does not say what it is; "
            "add it to the prompts of config_sentence_transformers.json"
        )
    return prompt

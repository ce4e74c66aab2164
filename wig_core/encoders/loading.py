"""Read the folder of a transformers, sentence-transformers or DPR encoder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch
from torch import nn

from wig_core.encoders.hub import fetch
from wig_core.encoders.registry import NAMED_ENCODERS, EncoderName, Pooling, Similarity
from wig_core.encoders.static import MODULE, load_static, static_folder
from wig_core.errors import InputError, did_you_mean
from wig_core.text.sources import existing_path

POOLING_MODES = ["cls_token", "mean_tokens", "max_tokens"]  # as sentence-transformers calls them


def encoder_folder(name: EncoderName) -> Path:
    """The local folder of an encoder, downloaded from the hub if necessary.

    Raises:
        InputError: the name is unknown, or the encoder cannot be fetched.
    """
    location = name.location
    if location in NAMED_ENCODERS:
        return NAMED_ENCODERS[location].path()
    if path := existing_path(location):
        if path.is_dir():
            return path
        raise InputError(
            f"encoder {location!r} is a file; give the folder that holds config.json and model.safetensors"
        )
    if not name.is_on_hub:
        guess = did_you_mean(location, NAMED_ENCODERS) or f"; known names: {', '.join(NAMED_ENCODERS)}."
        raise InputError(
            f"encoder {location!r:.100} is neither a known name nor a folder{guess} On a hub it is owner/name"
        )
    return fetch(location)


@dataclass(frozen=True)
class FolderConfig:
    """The settings in a folder of sentence-transformers; the defaults hold for one of transformers.

    Attributes:
        pooling, similarity, normalize: see `SentenceEncoder`.
        max_tokens: the limit on tokens; None if the folder sets none.
    """

    pooling: Pooling = "mean"
    similarity: Similarity = "cosine"
    normalize: bool = False
    max_tokens: int | None = None


def read_folder(folder: Path) -> FolderConfig:
    """Read the settings of an encoder's folder.

    Raises:
        InputError: the folder holds no model, or asks for a part or setting that is not supported.
    """
    if not (folder / "config.json").is_file() and not static_folder(folder):
        raise InputError(
            f"folder {str(folder)!r} holds no model: config.json is missing; give a folder saved by transformers"
        )
    if not list((static_folder(folder) or folder).glob("*.safetensors")):
        raise InputError(f"folder {str(folder)!r} has no .safetensors weights; save the model again with safetensors")
    if not (folder / "modules.json").is_file():
        return FolderConfig()
    modules = {module["type"].rsplit(".", 1)[-1]: folder / module["path"] for module in _json(folder / "modules.json")}
    if unsupported := modules.keys() - {"Transformer", "Pooling", "Normalize", MODULE}:
        raise InputError(
            f"folder {str(folder)!r} has the module {sorted(unsupported)[0]}, which is not supported; "
            "give an encoder of Transformer, Pooling and Normalize"
        )
    settings = _json(folder / "sentence_bert_config.json")
    if settings.get("do_lower_case"):
        raise InputError(
            f"folder {str(folder)!r} lower-cases text before its tokenizer, which is not supported; "
            "let the tokenizer lower-case"
        )
    general = _json(folder / "config_sentence_transformers.json")
    similarity: Any = general.get("similarity_fn_name") or "cosine"
    if similarity not in get_args(Similarity):
        raise InputError(
            f"folder {str(folder)!r} compares embeddings by {similarity}, which is not supported; "
            f"supported are {', '.join(get_args(Similarity))}"
        )
    if general.get("default_prompt_name"):
        raise InputError(
            f"folder {str(folder)!r} puts the prompt {general['default_prompt_name']!r} before every sentence, "
            "which is not supported; set its default_prompt_name to null"
        )
    return FolderConfig(
        pooling=_pooling_of(modules["Pooling"] / "config.json") if "Pooling" in modules else "mean",
        similarity=similarity,
        normalize="Normalize" in modules,
        max_tokens=settings.get("max_seq_length"),
    )


def _pooling_of(config: Path) -> Pooling:
    """The pooling of a sentence-transformers folder, in its older form (one flag per mode) or its newer (one word)."""
    settings = _json(config)
    modes = (
        [settings["pooling_mode"]]
        if "pooling_mode" in settings
        else [
            key.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token")
            for key, chosen in settings.items()
            if key.startswith("pooling_mode_") and chosen
        ]
    )
    if len(modes) != 1 or modes[0] not in get_args(Pooling):
        raise InputError(
            f"{str(config)!r} asks for pooling {modes}; supported are {', '.join(get_args(Pooling))}, one at a time"
        )
    return modes[0]


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise InputError(f"{str(path)!r} is not valid JSON: {error}; save the model again") from error


def load_transformer(folder: Path) -> tuple[Any, nn.Module]:
    """Load the tokenizer and the transformer of a folder, in eval mode and without gradients.

    Raises:
        InputError: the folder does not load as an encoder, lacks weights, or has no fast tokenizer.
    """
    from transformers import AutoTokenizer
    from transformers.utils import logging

    if table := static_folder(folder):
        return load_static(table)

    logging.disable_progress_bar()  # it would flash up for milliseconds at every encoder
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # missing weights are checked below; unused heads do not matter
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        # Eager attention: fused kernels have no forward-mode derivative.
        model, loaded = _model_class(folder).from_pretrained(
            folder, use_safetensors=True, attn_implementation="eager", dtype=torch.float32, output_loading_info=True
        )
    except Exception as error:  # a damaged folder makes transformers raise errors of many kinds
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            f"folder {str(folder)!r} does not load as an encoder: {reason}; save the model again"
        ) from error
    finally:
        logging.set_verbosity(verbosity)
    if missing := sorted(name for name in loaded["missing_keys"] if "pooler" not in name):
        raise InputError(
            f"the weights in folder {str(folder)!r} lack {missing[0]} and {len(missing) - 1} more; save the model again"
        )
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise InputError(f"folder {str(folder)!r} has no tokenizer; save a tokenizer.json with it")
    if not tokenizer.is_fast:
        raise InputError(
            f"folder {str(folder)!r} has a slow tokenizer without character offsets; save a tokenizer.json with it"
        )
    model = _inner_bert(model)
    if hasattr(model, "pooler"):
        model.pooler = None  # never used here, and random where a folder lacks it
    if name := next((key for key, weight in model.named_parameters() if not weight.isfinite().all()), None):
        raise InputError(
            f"the weights in folder {str(folder)!r} hold a value that is not finite, in {name}; save the model again"
        )
    return tokenizer, model.eval().requires_grad_(False)


def _model_class(folder: Path) -> Any:
    """The transformers class for a folder. DPR's two encoders share a model type and differ in their architecture.

    Raises:
        InputError: a DPR encoder with a projection, which is not supported.
    """
    import transformers

    config = _json(folder / "config.json")
    if config.get("model_type") != "dpr":
        return transformers.AutoModel
    if config.get("projection_dim"):
        raise InputError(
            f"folder {str(folder)!r} projects its embeddings, which is not supported; give one that does not"
        )
    return getattr(transformers, (config.get("architectures") or ["DPRQuestionEncoder"])[0])


def _inner_bert(model: Any) -> Any:
    """The BERT inside one of DPR's encoders, as a `BertModel`; any other model is returned as it is."""
    from transformers import BertConfig, BertModel

    wrapped = [getattr(model, name) for name in ("question_encoder", "ctx_encoder") if hasattr(model, name)]
    if not wrapped:
        return model
    inner: Any = wrapped[0].bert_model
    settings = inner.config.to_dict()
    names = BertConfig().to_dict().keys() & settings.keys() - {"model_type"}
    config = BertConfig(**{name: settings[name] for name in names})
    bert = BertModel._from_config(config, attn_implementation="eager", dtype=torch.float32)
    bert.load_state_dict(inner.state_dict(), strict=False)  # DPR has no pooler
    return bert


def token_limit(tokenizer: Any, model: nn.Module) -> int:
    """How many tokens the encoder can read: the limit of its tokenizer or of its positions, whichever is lower."""
    limit = int(min(tokenizer.model_max_length, 10**6))
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            reserved = 0 if module.padding_idx is None else module.padding_idx + 1  # RoBERTa's positions start after it
            limit = min(limit, module.num_embeddings - reserved)
    return limit

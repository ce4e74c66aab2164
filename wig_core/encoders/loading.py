"""Load the parts of an encoder from the folder of a transformers, sentence-transformers or DPR encoder.

Weights are read as safetensors alone, and no code from a folder is run.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from wig_core.encoders.folder import FolderConfig, architecture_of, read_json
from wig_core.encoders.hub import fetch
from wig_core.encoders.pooling import Dense
from wig_core.encoders.registry import NAMED_ENCODERS, EncoderName
from wig_core.encoders.static import load_static
from wig_core.errors import InputError, did_you_mean
from wig_core.text.sources import existing_path

# Where sentence-transformers takes the encoder of an encoder-decoder alone.
_ENCODERS_ALONE = {
    "t5": "T5EncoderModel",
    "mt5": "MT5EncoderModel",
    "umt5": "UMT5EncoderModel",
    "longt5": "LongT5EncoderModel",
    "switch_transformers": "SwitchTransformersEncoderModel",
}
_POSITION_TABLES = ("position_embeddings", "wpe", "embed_positions")


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


def load_transformer(config: FolderConfig) -> tuple[Any, nn.Module]:
    """The tokenizer and the transformer of a folder, in eval mode, in float32 and without gradients.

    Raises:
        InputError: the folder does not load as an encoder, its weights are not whole, or its tokenizer does not suit.
    """
    folder = config.transformer
    if config.is_static:
        with _quiet(folder):
            tokenizer, model = load_static(folder)
    else:
        model = _load_model(folder)
        tokenizer = _load_tokenizer(config, model)
    if name := next((key for key, weight in model.named_parameters() if not weight.isfinite().all()), None):
        raise InputError(
            f"the weights in folder {str(folder)!r} hold a value that is not finite, in {name}; save the model again"
        )
    return tokenizer, model.eval().requires_grad_(False)


def _load_model(folder: Path) -> Any:
    import transformers

    with _quiet(folder):
        config = transformers.AutoConfig.from_pretrained(folder, return_dict=True, trust_remote_code=False)
        if hasattr(config, "use_cache") and not hasattr(config, "is_decoder"):
            config.use_cache = False  # a decoder would keep the keys and values of all layers
        # Eager attention: fused kernels have no forward-mode derivative.
        model, loaded = _model_class(folder).from_pretrained(
            folder,
            config=config,
            use_safetensors=True,
            attn_implementation="eager",
            dtype=torch.float32,
            output_loading_info=True,
            trust_remote_code=False,
        )
        model.get_input_embeddings()  # raises where there is no table of words
    if missing := sorted(name for name in loaded["missing_keys"] if "pooler" not in name):
        raise InputError(
            f"the weights in folder {str(folder)!r} lack {missing[0]} and {len(missing) - 1} more; save the model again"
        )
    model = _inner_bert(model)
    if hasattr(model, "pooler"):
        model.pooler = None  # never used here, and random where a folder lacks it
    if architecture_of(config.architectures).endswith("ForSequenceClassification"):
        warnings.warn(
            f"folder {str(folder)!r} holds a classifier or cross-encoder; its head is not read, and its token vectors "
            "were not trained to be pooled",
            stacklevel=5,
        )
    return model


def _load_tokenizer(config: FolderConfig, model: nn.Module) -> Any:
    from transformers import AutoTokenizer

    folder = config.transformer
    with _quiet(folder):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        vocabulary, special, padding = tokenizer.get_vocab(), tokenizer.all_special_ids, tokenizer.pad_token_id
    if len(vocabulary) <= len(special):
        raise InputError(f"folder {str(folder)!r} has no tokenizer; save a tokenizer.json with it")
    if not tokenizer.is_fast:
        raise InputError(
            f"folder {str(folder)!r} has a slow tokenizer without character offsets; save a tokenizer.json with it"
        )
    if padding is None:
        raise InputError(f"the tokenizer in folder {str(folder)!r} has no padding token; give it one and save it again")
    rows = model.get_input_embeddings().weight.shape[0]  # type: ignore[operator]
    if (tokens := max(vocabulary.values()) + 1) > rows:
        raise InputError(
            f"folder {str(folder)!r}: the tokenizer has {tokens} tokens, the model {rows}; call "
            "resize_token_embeddings and save the model again"
        )
    # Positions count from the left, so that a sentence must begin there whatever its company.
    tokenizer.padding_side = "right"
    if config.lower_case:
        _lower_case(tokenizer.backend_tokenizer)
    return tokenizer


def load_dense(folder: Path) -> Dense:
    """The dense layer in a folder of sentence-transformers.

    Raises:
        InputError: its settings or weights do not fit, or are not supported.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    settings = read_json(folder / "config.json")
    name = str(settings.get("activation_function", "torch.nn.modules.activation.Tanh"))
    activation = getattr(nn, name.rpartition(".")[2], None) if name.startswith("torch.nn.") else None
    places = {settings.get("module_input_name", "sentence_embedding"), settings.get("module_output_name")}
    if not (inspect.isclass(activation) and issubclass(activation, nn.Module)) or places - {"sentence_embedding", None}:
        raise InputError(f"the dense layer in {str(folder)!r} has an activation or place that is not supported")
    if not (folder / "model.safetensors").is_file():
        raise InputError(f"folder {str(folder)!r} has no .safetensors weights; save the model again with safetensors")
    try:
        linear = nn.Linear(settings["in_features"], settings["out_features"], bias=settings.get("bias", True))
        residual: nn.Module | None = nn.Identity() if settings.get("use_residual") else None
        if residual and linear.in_features != linear.out_features:
            residual = nn.Linear(linear.in_features, linear.out_features, bias=False)
        dense = Dense(linear, activation(), residual)
        dense.load_state_dict(load_file(folder / "model.safetensors"))
    except (KeyError, TypeError, ValueError, RuntimeError, OSError, SafetensorError) as error:
        reason = first_line(error)
        raise InputError(f"the dense layer in {str(folder)!r} does not load: {reason}; save it again") from error
    if not all(weight.isfinite().all() for weight in dense.parameters()):
        raise InputError(f"the dense layer in {str(folder)!r} holds a value that is not finite; save it again")
    return dense.eval().requires_grad_(False)


def token_limit(config: FolderConfig, tokenizer: Any, model: nn.Module) -> int:
    """How many tokens the encoder reads: as sentence-transformers cuts, but never more than it has positions."""
    with _quiet(config.transformer):
        positions = getattr(model.config, "max_position_embeddings", None) or -1  # XLNet says −1: it has no limit
        limit = config.max_tokens
        if limit is None:
            limit = int(min(tokenizer.model_max_length, positions if positions > 0 else 10**6, 10**6))
        for name, module in model.named_modules():
            if name.endswith(_POSITION_TABLES) and isinstance(module, nn.Embedding):
                # RoBERTa's positions start after the padding index, OPT's after an offset.
                reserved = getattr(module, "offset", 0 if module.padding_idx is None else module.padding_idx + 1)
                limit = min(limit, module.num_embeddings - int(reserved))
        fixed = len(tokenizer(config.prompt)["input_ids"])
    if limit <= fixed:
        raise InputError(
            f"folder {str(config.transformer)!r} reads {limit} tokens at most, of which special tokens and its prompt "
            f"take {fixed}, so no word; raise its max_seq_length or model_max_length"
        )
    return limit


@contextmanager
def _quiet(folder: Path) -> Iterator[None]:
    """Within, transformers prints nothing, and whatever it raises is an InputError of one line."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # it would flash up for milliseconds at every encoder
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # missing weights are checked; unused heads do not matter
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # a damaged folder makes transformers raise errors of many kinds
        raise InputError(
            f"folder {str(folder)!r} does not load as an encoder: {first_line(error)}; save the model again"
        ) from error
    finally:
        logging.set_verbosity(verbosity)


def first_line(error: Exception) -> str:
    """The first line of an error's text, or its kind if it has none."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


def _lower_case(backend: Any) -> None:
    """Lower-case text at the beginning of a tokenizer, unless it does so itself, as sentence-transformers does."""
    from tokenizers.normalizers import Lowercase, Sequence

    present = backend.normalizer
    steps: Any = present if isinstance(present, Sequence) else [present] if present else []
    if not any(isinstance(step, Lowercase) for step in steps):
        backend.normalizer = Sequence([Lowercase(), *steps])


def _model_class(folder: Path) -> Any:
    """The transformers class for a folder. DPR's two encoders share a model type and differ in their architecture.

    Raises:
        InputError: a DPR encoder with a projection, which is not supported.
    """
    import transformers

    config = read_json(folder / "config.json")
    kind = config.get("model_type")
    if kind in _ENCODERS_ALONE:
        return getattr(transformers, _ENCODERS_ALONE[kind])
    if config.get("is_encoder_decoder"):
        raise InputError(
            f"folder {str(folder)!r} holds an encoder-decoder ({kind}), which is not supported; "
            f"of those, {', '.join(_ENCODERS_ALONE)} are"
        )
    if kind != "dpr":
        return transformers.AutoModel
    if config.get("projection_dim"):
        raise InputError(
            f"folder {str(folder)!r} projects its embeddings, which is not supported; give one that does not"
        )
    return getattr(transformers, architecture_of(config.get("architectures")) or "DPRQuestionEncoder")


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

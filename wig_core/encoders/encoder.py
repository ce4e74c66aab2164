"""Sentence encoders: a transformer, a pooling and a similarity.

`SentenceEncoder.load` takes the name of a packaged encoder, a local folder (of transformers or of
sentence-transformers) or a hub name. Besides `encode` an encoder offers the two halves that attribution needs: the
embedding layer, and everything after it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import torch
from torch import Tensor, nn

from wig_core.encoders.folder import FolderConfig, read_folder, write_settings
from wig_core.encoders.loading import encoder_folder, load_dense, load_transformer, token_limit
from wig_core.encoders.pooling import Dense, pooled
from wig_core.encoders.probe import check_architecture
from wig_core.encoders.registry import HUB_ENCODERS, EncoderName, Pooling, Similarity
from wig_core.encoders.static import StaticModel
from wig_core.encoders.tokens import Tokens, prompt_length, tokenize
from wig_core.errors import InputError
from wig_core.text.sentences import check_sentences

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

EncoderLike: TypeAlias = "SentenceEncoder | SentenceTransformer | str | Path"


@dataclass(frozen=True, repr=False)
class SentenceEncoder:
    """A sentence encoder: tokenizer, transformer, pooling, similarity.

    Attributes:
        name: the name or folder that it was loaded from.
        tokenizer, model: those of transformers.
        pooling: how token vectors become one vector: "mean", "cls" (the first token), "max", "lasttoken",
            "weightedmean" (by position) or "mean_sqrt_len_tokens" (the sum over the root of their number).
        similarity: how two embeddings are compared: "dot" or "cosine".
        normalize: whether `encode` scales embeddings to unit length (sentence-transformers' ``Normalize``). Attribution
            always explains the pooled vector before that scaling.
        max_tokens: longer inputs are truncated to so many tokens, special tokens included.
        dense: layers after the pooling; attribution explains the vector behind them.
        prompt: text that `tokenize` puts before every sentence. It is held fixed in attribution, as special tokens are.
        include_prompt: whether the prompt's tokens are pooled.
    """

    name: str
    tokenizer: Any
    model: Any
    pooling: Pooling
    similarity: Similarity
    normalize: bool
    max_tokens: int
    dense: tuple[Dense, ...] = ()
    prompt: str = ""
    include_prompt: bool = True

    @classmethod
    def load(
        cls,
        name_or_path: str | Path,
        *,
        pooling: Pooling | None = None,
        similarity: Similarity | None = None,
        device: str | None = None,
    ) -> SentenceEncoder:
        """Load an encoder from a packaged name, a local folder or a hub name.

        Args:
            name_or_path: "all-MiniLM-L6-v2" (needs the extra `data`), "wig-base" (a small base model that comes with
                this package), "all-mpnet-base-v2" or "wordllama" (after ``wig encoders``), a folder, or "owner/name" or
                "owner/name@revision" on the hub. Any of them may end in ":mean", ":cls" or another pooling. Only
                safetensors are read, and no code from the hub is run.
            pooling: "mean", "cls" or another mode of the attribute `pooling`; by default what the name asks for, else
                what is known of the encoder or set in its folder, else "mean" ("lasttoken" for a decoder).
            similarity: "dot" or "cosine"; by default what is known of the encoder or set in its folder, else "cosine".
            device: such as "cpu" or "cuda"; by default a GPU if there is one.

        Raises:
            InputError: there is no such encoder, the folder holds no model, or a part of it is not supported.

        Example:
            >>> encoder = SentenceEncoder.load("all-MiniLM-L6-v2")
            >>> encoder.encode(["A sentence."]).shape
            torch.Size([1, 384])
        """
        _check_choice("pooling", pooling, Pooling)
        _check_choice("similarity", similarity, Similarity)
        parsed = EncoderName.parse(str(name_or_path))
        config, known = read_folder(encoder_folder(parsed)), HUB_ENCODERS.get(parsed.place)
        place = device or ("cuda" if torch.cuda.is_available() else "cpu")
        tokenizer, model = load_transformer(config)
        encoder = cls(
            name=str(name_or_path),
            tokenizer=tokenizer,
            model=model.to(place),
            pooling=pooling or parsed.pooling or (known or config).pooling,
            similarity=similarity or (known or config).similarity,
            normalize=config.normalize,
            max_tokens=token_limit(config, tokenizer, model),
            dense=tuple(load_dense(folder).to(place) for folder in config.dense),
            prompt=config.prompt,
            include_prompt=config.include_prompt,
        )
        check_architecture(encoder)
        return encoder

    @classmethod
    def from_sentence_transformers(
        cls, model: SentenceTransformer, *, similarity: Similarity | None = None
    ) -> SentenceEncoder:
        """A copy of a loaded `SentenceTransformer` as a `SentenceEncoder`, on the same device.

        Args:
            model: a model of the modules Transformer, Pooling and, perhaps, Dense and Normalize. It is left
                unchanged, so that it may be in training.
            similarity: "dot" or "cosine"; by default the model's own.

        Returns:
            An encoder with the model's present weights, named after what the model was loaded from.

        Raises:
            InputError: the model has a module, pooling, prompt or similarity that is not supported.

        Example:
            >>> from sentence_transformers import SentenceTransformer
            >>> model = SentenceTransformer("sentence-transformers/all-MiniLM-L6-v2")  # doctest: +SKIP
            >>> SentenceEncoder.from_sentence_transformers(model).pooling  # doctest: +SKIP
            'mean'
        """
        from transformers import PreTrainedModel

        with TemporaryDirectory() as folder:
            model.save(folder, create_model_card=False)
            loaded = cls.load(folder, similarity=similarity, device=str(model.device))
        names = [part.name_or_path for part in model.modules() if isinstance(part, PreTrainedModel)]
        return replace(loaded, name=next(filter(None, names), "SentenceTransformer"))

    def __repr__(self) -> str:
        return f"<SentenceEncoder: {self.name}, {self.pooling} pooling, {self.dimension} dimensions>"

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return next(self.model.parameters()).device

    @property
    def embedding_module(self) -> nn.Module:
        """The module that adds words, positions and segments: the parent of the word table, or the table itself."""
        table = self.model.get_input_embeddings()
        parents = [module for module in self.model.modules() if any(child is table for child in module.children())]
        layers = [child for parent in parents for child in parent.children() if isinstance(child, nn.ModuleList)]
        return table if not parents or parents[0] is self.model or layers else parents[0]

    @property
    def dimension(self) -> int:
        """The length of an embedding."""
        return int(self.dense[-1].linear.out_features if self.dense else self.model.config.hidden_size)

    def fingerprint(self) -> str:
        """A hash of everything that decides the embeddings: weights, configuration, tokenizer and pooling."""
        state = hashlib.sha256()
        for name, tensor in [pair for part in (self.model, *self.dense) for pair in part.state_dict().items()]:
            state.update(name.encode() + tensor.cpu().contiguous().numpy().tobytes())
        # The tokenizer also records its last padding and truncation, which decide nothing.
        tokenizer = json.loads(self.tokenizer.backend_tokenizer.to_str()) | {"padding": None, "truncation": None}
        settings = [self.model.config.to_json_string(), json.dumps(tokenizer)]
        prompt = [self.prompt, self.include_prompt] if self.prompt else []
        state.update(json.dumps([*settings, self.pooling, self.normalize, self.max_tokens, *prompt]).encode())
        return state.hexdigest()

    def tokenize(self, sentences: Sequence[str]) -> Tokens:
        """Turn sentences into a padded batch of tokens, each sentence truncated to `max_tokens`.

        Raises:
            InputError: as in `check_sentences`, for a single string or an item that is no text; or the tokenizer makes
                no token of a sentence, and the encoder is not static.
        """
        sentences = check_sentences(sentences)
        tokens = tokenize(self.tokenizer, sentences, prompt=self.prompt, max_tokens=self.max_tokens)
        empty = [text for text, row in zip(sentences, tokens.attention_mask, strict=True) if not row.any()]
        if empty and not isinstance(self.model, StaticModel):
            raise InputError(f"the tokenizer of {self.name!r} makes no token of {empty[0]!r}; leave this sentence out")
        return tokens.to(self.device)

    def encode(self, sentences: str | Sequence[str], *, batch_size: int = 64) -> Tensor:
        """The embeddings of sentences, float32, on the CPU.

        Args:
            sentences: one sentence or several.
            batch_size: sentences that go through the model at once.

        Returns:
            ``[dimension]`` for a single string, ``[sentences, dimension]`` for a list.

        Raises:
            InputError: as in `check_sentences`, for an item that is no text.
        """
        if isinstance(sentences, str):
            return self.encode([sentences])[0]
        sentences = check_sentences(sentences)
        order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))  # similar lengths need little padding
        embeddings = torch.empty(len(sentences), self.dimension)
        with torch.no_grad():
            for start in range(0, len(order), batch_size):
                chosen = order[start : start + batch_size]
                tokens = self.tokenize([sentences[i] for i in chosen])
                embeddings[chosen] = self.embed(tokens.input_ids, tokens.attention_mask).float().cpu()
        return nn.functional.normalize(embeddings, dim=1) if self.normalize else embeddings

    def save(self, folder: str | Path) -> None:
        """Save the encoder to a folder that `load` and sentence-transformers can read, with weights as safetensors.

        Raises:
            InputError: a static encoder with another pooling than "mean", for which such a folder has no place.
        """
        folder, is_static = Path(folder), isinstance(self.model, StaticModel)
        if is_static and self.pooling != "mean":
            raise InputError(f"a static encoder with pooling {self.pooling!r} cannot be saved; choose mean")
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        layers = tuple(folder / f"{i}_Dense" for i in range(2 - is_static, 2 - is_static + len(self.dense)))
        for layer, place in zip(self.dense, layers, strict=True):
            layer.save(place)
        config = FolderConfig(
            transformer=folder,
            is_static=is_static,
            pooling=self.pooling,
            include_prompt=self.include_prompt,
            dense=layers,
            normalize=self.normalize,
            similarity=self.similarity,
            prompt=self.prompt,
            max_tokens=self.max_tokens,
        )
        write_settings(config, int(self.model.config.hidden_size))

    def similarity_pairwise(self, left: Tensor, right: Tensor) -> Tensor:
        """The similarity of each pair of embeddings: ``[..., d]`` and ``[..., d]`` to ``[...]``."""
        if self.similarity == "cosine":
            return nn.functional.cosine_similarity(left, right, dim=-1)
        return (left * right).sum(-1)

    def pool(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        """The embeddings ``[sentences, d]`` of token vectors ``[sentences, tokens, h]``, through the dense layers."""
        skip = 0 if self.include_prompt else prompt_length(self.tokenizer, self.prompt)
        embeddings = pooled(hidden, attention_mask, self.pooling, skip=skip)
        for layer in self.dense:
            embeddings = layer(embeddings)
        return embeddings

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The embeddings ``[sentences, d]`` of tokens ``[sentences, tokens]``."""
        hidden = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return self.pool(hidden, attention_mask)

    def embedding_layer(self, input_ids: Tensor, word_ids: Tensor | None = None) -> Tensor:
        """The output of the embedding layer ``[sentences, tokens, h]``, the input of the first attention layer.

        Args:
            input_ids: ``[sentences, tokens]``; they decide the positions.
            word_ids: tokens to look up in the word table instead, at the same positions. (RoBERTa derives positions
                from which tokens are padding, so a baseline must not be passed as `input_ids`.)
        """
        table = self.model.get_input_embeddings()
        with torch.no_grad(), output_of(table, table(input_ids if word_ids is None else word_ids)):
            layer = self.embedding_module
            return layer(input_ids) if layer is table else layer(input_ids=input_ids)

    def embed_from(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        """The embeddings ``[sentences, d]`` for an embedding layer's output ``[sentences, tokens, h]``."""
        layer = self.embedding_module
        if layer is self.model.get_input_embeddings() and "inputs_embeds" in signature(self.model.forward).parameters:
            output = self.model(inputs_embeds=hidden, attention_mask=attention_mask)
        else:
            with output_of(layer, hidden):
                output = self.model(input_ids=torch.zeros_like(attention_mask), attention_mask=attention_mask)
        return self.pool(output.last_hidden_state, attention_mask)


def as_encoder(encoder: EncoderLike, *, device: str | None = None) -> SentenceEncoder:
    """An encoder, whichever way it is given.

    Args:
        encoder: a `SentenceEncoder` (returned as it is), a loaded `SentenceTransformer`, or a name or folder as
            `SentenceEncoder.load` takes it.
        device: where a name or folder is loaded, such as "cpu" or "cuda"; by default a GPU if there is one. An encoder
            that is loaded already stays where it is.

    Raises:
        InputError: `encoder` is something else, or cannot be loaded.

    Example:
        >>> as_encoder("wig-base").name
        'wig-base'
    """
    if isinstance(encoder, SentenceEncoder):
        return encoder
    if isinstance(encoder, str | Path):
        return SentenceEncoder.load(encoder, device=device)
    library = sys.modules.get("sentence_transformers")  # it is imported if the encoder is one of its models
    if library is not None and isinstance(encoder, library.SentenceTransformer):
        return SentenceEncoder.from_sentence_transformers(encoder)
    raise InputError(
        f"encoder is a {type(encoder).__name__}; give a SentenceEncoder, a SentenceTransformer, a name or a folder"
    )


@contextmanager
def output_of(module: nn.Module, output: Tensor) -> Iterator[None]:
    """Within, `module` returns `output` ``[sentences, tokens, h]`` for any input, and behind it what a model pads.

    Raises:
        InputError: `module` was not called within.
    """
    calls = 0

    def replace(_module: nn.Module, _inputs: Any, own: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        padding = own[:, output.shape[1] :]  # Longformer pads to a multiple of its window
        return torch.cat([output, padding], dim=1) if padding.shape[1] else output

    handle = module.register_forward_hook(replace)
    try:
        yield
    finally:
        handle.remove()
    if not calls:
        raise InputError(
            f"the model does not read its words through {type(module).__name__}; its architecture is not supported"
        )


def _check_choice(what: str, value: str | None, choices: Any) -> None:
    if value is not None and value not in get_args(choices):
        raise InputError(f"{what} {value!r} is unknown; choose one of {', '.join(get_args(choices))}")

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
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import torch
from torch import Tensor, nn

from wig_core.encoders.loading import POOLING_MODES, encoder_folder, load_transformer, read_folder, token_limit
from wig_core.encoders.registry import HUB_ENCODERS, EncoderName, Pooling, Similarity
from wig_core.encoders.static import MODULE, StaticModel
from wig_core.errors import InputError
from wig_core.text.sentences import check_sentences

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

EncoderLike: TypeAlias = "SentenceEncoder | SentenceTransformer | str | Path"


@dataclass(frozen=True)
class Tokens:
    """A batch of sentences as tokens.

    Attributes:
        input_ids: token ids ``[sentences, tokens]``, padded on the right.
        attention_mask: 1 for tokens, 0 for padding, ``[sentences, tokens]``.
        special: True for tokens that the tokenizer added and for padding, ``[sentences, tokens]``.
        offsets: per sentence, the characters (start, end) of each token, end excluded.
    """

    input_ids: Tensor
    attention_mask: Tensor
    special: Tensor
    offsets: list[list[tuple[int, int]]]


@dataclass(frozen=True)
class SentenceEncoder:
    """A sentence encoder: tokenizer, transformer, pooling, similarity.

    Attributes:
        name: the name or folder that it was loaded from.
        tokenizer, model: those of transformers.
        pooling: how token vectors become one vector: "mean", "cls" (the first token) or "max".
        similarity: how two embeddings are compared: "dot" or "cosine".
        normalize: whether `encode` scales embeddings to unit length (sentence-transformers' ``Normalize``). Attribution
            always explains the pooled vector before that scaling.
        max_tokens: longer inputs are truncated to so many tokens, special tokens included.
    """

    name: str
    tokenizer: Any
    model: Any
    pooling: Pooling
    similarity: Similarity
    normalize: bool
    max_tokens: int

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
                "owner/name@revision" on the hub. Any of them may end in ":mean", ":cls" or ":max" to choose the
                pooling. Only safetensors are read, and no code from the hub is run.
            pooling: "mean", "cls" or "max"; by default what the name asks for, else what is known of the encoder or
                set in its folder, else "mean".
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
        folder = encoder_folder(parsed)
        config, known = read_folder(folder), HUB_ENCODERS.get(parsed.place)
        tokenizer, model = load_transformer(folder)
        model = model.to(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        return cls(
            name=str(name_or_path),
            tokenizer=tokenizer,
            model=model,
            pooling=pooling or parsed.pooling or (known or config).pooling,
            similarity=similarity or (known or config).similarity,
            normalize=config.normalize,
            max_tokens=min(config.max_tokens or 10**6, token_limit(tokenizer, model)),
        )

    @classmethod
    def from_sentence_transformers(
        cls, model: SentenceTransformer, *, similarity: Similarity | None = None
    ) -> SentenceEncoder:
        """A copy of a loaded `SentenceTransformer` as a `SentenceEncoder`, on the same device.

        Args:
            model: a model of the modules Transformer, Pooling and, perhaps, Normalize. It is left unchanged, so that
                it may be in training.
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

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return next(self.model.parameters()).device

    @property
    def embedding_module(self) -> nn.Module:
        """The module that adds words, positions and segments: the parent of the word table, or the table itself."""
        table = self.model.get_input_embeddings()
        parents = [module for module in self.model.modules() if any(child is table for child in module.children())]
        return parents[0] if parents and parents[0] is not self.model else table

    @property
    def dimension(self) -> int:
        """The length of an embedding."""
        return int(self.model.config.hidden_size)

    def fingerprint(self) -> str:
        """A hash of everything that decides the embeddings: weights, configuration, tokenizer and pooling."""
        state = hashlib.sha256()
        for name, tensor in self.model.state_dict().items():
            state.update(name.encode() + tensor.cpu().contiguous().numpy().tobytes())
        # The tokenizer also records its last padding and truncation, which decide nothing.
        tokenizer = json.loads(self.tokenizer.backend_tokenizer.to_str()) | {"padding": None, "truncation": None}
        settings = [self.model.config.to_json_string(), json.dumps(tokenizer)]
        state.update(json.dumps([*settings, self.pooling, self.normalize, self.max_tokens]).encode())
        return state.hexdigest()

    def tokenize(self, sentences: Sequence[str]) -> Tokens:
        """Turn sentences into a padded batch of tokens, each sentence truncated to `max_tokens`.

        Raises:
            InputError: as in `check_sentences`, for a single string or an item that is no text.
        """
        batch = self.tokenizer(
            check_sentences(sentences),
            padding=True,
            truncation=True,
            max_length=self.max_tokens,
            return_tensors="pt",
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        return Tokens(
            input_ids=batch["input_ids"].to(self.device),
            attention_mask=batch["attention_mask"].to(self.device),
            special=batch["special_tokens_mask"].bool().to(self.device),
            offsets=[[(int(a), int(b)) for a, b in row] for row in batch["offset_mapping"].tolist()],
        )

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
                hidden = self.model(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask).last_hidden_state
                embeddings[chosen] = self.pool(hidden, tokens.attention_mask).float().cpu()
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
        modules = [MODULE] if is_static else ["Transformer", "Pooling"]
        modules += ["Normalize"] if self.normalize else []
        places = [f"{i}_{module}" if i else "" for i, module in enumerate(modules)]
        settings: dict[str, Any] = {
            "modules.json": [
                {"idx": i, "name": str(i), "path": places[i], "type": f"sentence_transformers.models.{module}"}
                for i, module in enumerate(modules)
            ],
            "sentence_bert_config.json": {"max_seq_length": self.max_tokens, "do_lower_case": False},
            "config_sentence_transformers.json": {"similarity_fn_name": self.similarity},
            "1_Pooling/config.json": {
                "word_embedding_dimension": self.dimension,
                **{f"pooling_mode_{mode}": mode.startswith(self.pooling) for mode in POOLING_MODES},
            },
        }
        if is_static:
            del settings["1_Pooling/config.json"]
        for place in places[1:]:
            (folder / place).mkdir(exist_ok=True)
        for name, content in settings.items():
            (folder / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def similarity_pairwise(self, left: Tensor, right: Tensor) -> Tensor:
        """The similarity of each pair of embeddings: ``[..., d]`` and ``[..., d]`` to ``[...]``."""
        if self.similarity == "cosine":
            return nn.functional.cosine_similarity(left, right, dim=-1)
        return (left * right).sum(-1)

    def pool(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        """Pool token vectors ``[sentences, tokens, d]`` into embeddings ``[sentences, d]``, without padding."""
        if self.pooling == "cls":
            return hidden[:, 0]
        mask = attention_mask.unsqueeze(-1)
        if self.pooling == "max":
            return hidden.masked_fill(mask == 0, float("-inf")).amax(1)
        return (hidden * (mask / mask.sum(1, keepdim=True).clamp(min=1))).sum(1)  # a static encoder may read no token

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
        with output_of(self.embedding_module, hidden):
            unused = torch.zeros_like(attention_mask)
            output = self.model(input_ids=unused, attention_mask=attention_mask).last_hidden_state
        return self.pool(output, attention_mask)


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
    """Within, `module` returns `output` for any input.

    Raises:
        InputError: `module` was not called within.
    """
    calls = 0

    def replace(*_: Any) -> Tensor:
        nonlocal calls
        calls += 1
        return output

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

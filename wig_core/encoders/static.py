"""Static encoders: an embedding is the mean of its tokens' vectors, wherever they stand.

Their attribution is exact by construction: a word's contribution from the zero vector is the sum of its tokens' vectors
divided by the number of tokens of the sentence. Folders are those that sentence-transformers saves of a
``StaticEmbedding``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast
    from transformers.modeling_outputs import BaseModelOutput


class StaticModel(nn.Module):
    """A table of token vectors ``[tokens, d]`` that is called as a transformer is, without layers and positions."""

    def __init__(self, vectors: Tensor):
        from transformers import PretrainedConfig

        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(vectors)
        self.config = PretrainedConfig()
        self.config.update(  # with one layer, though it has none: what an encoder needs is reckoned from its layers
            {"vocab_size": len(vectors), "num_hidden_layers": 1}
            | dict.fromkeys(("hidden_size", "intermediate_size"), vectors.shape[1])
        )

    def get_input_embeddings(self) -> nn.Embedding:
        """The table."""
        return self.embedding

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> BaseModelOutput:
        """The vectors ``[sentences, tokens, d]`` of token ids ``[sentences, tokens]``, as last hidden state."""
        from transformers.modeling_outputs import BaseModelOutput

        return BaseModelOutput(last_hidden_state=self.embedding(input_ids))

    def save_pretrained(self, folder: str | Path) -> None:
        """Save the table to a folder as safetensors."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        save_file(self.state_dict(), Path(folder) / "model.safetensors")


def load_static(folder: Path) -> tuple[PreTrainedTokenizerFast, StaticModel]:
    """Load the tokenizer, which adds no special tokens, and the table of token vectors, as float32.

    Args:
        folder: with ``tokenizer.json`` and ``model.safetensors``.

    Raises:
        OSError, KeyError: a file or the table is missing.
    """
    settings = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    vectors = load_file(folder / "model.safetensors")["embedding.weight"].to(torch.float32)
    return _tokenizer(settings), StaticModel(vectors)


def _tokenizer(settings: dict[str, Any]) -> PreTrainedTokenizerFast:
    """The tokenizer of a ``tokenizer.json`` without its special tokens, which a static encoder does not read."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    truncation, padding = settings["truncation"], settings["padding"]
    known = Tokenizer.from_str(json.dumps(settings | {"post_processor": None, "truncation": None, "padding": None}))
    names = {name for name in known.get_vocab() if name.strip("[]<>").lower() in ("pad", "unk", "mask")}
    tokens = {f"{name.strip('[]<>').lower()}_token": name for name in sorted(names) if name[0] in "[<"}
    # Padding is never read, but transformers wants a token for it.
    tokens.setdefault("pad_token", padding["pad_token"] if padding else str(known.id_to_token(0)))
    limit = truncation["max_length"] if truncation else None
    return PreTrainedTokenizerFast(tokenizer_object=known, model_max_length=limit, **tokens)

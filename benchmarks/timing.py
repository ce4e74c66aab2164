"""Timing that the benchmarks share. Run as a script, it prints the peak rate of matrix products on this machine."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from wig_book.build.cost import Shape
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.training.contrastive import train_contrastive
from wig_core.training.examples import Examples
from wig_core.training.objectives import InfoNCE
from wig_core.training.schedule import Schedule

T = TypeVar("T")
SHAPES = [(4096, 384, 1536), (4096, 768, 3072)]  # rows, inner, columns, as they occur in the encoders
LARGE = [(8192, 8192, 8192)]  # large enough for a GPU's peak rate


def device() -> str:
    """The device on which encoders are loaded by default."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def timed(compute: Callable[[], T]) -> tuple[T, float]:
    """The result of a computation, and the seconds it took."""
    start = now()
    result = compute()
    return result, now() - start


@contextmanager
def counted(encoder: SentenceEncoder) -> Iterator[list[tuple[int, int]]]:
    """The passes made within: numbers of passes and tokens, one pair per batch."""
    passes: list[tuple[int, int]] = []

    def count(_module: torch.nn.Module, _args: tuple, options: dict) -> None:
        passes.append(tuple(options["input_ids"].shape))

    handle = encoder.model.register_forward_pre_hook(count, with_kwargs=True)
    yield passes
    handle.remove()


def now() -> float:
    """The time in seconds, once all pending work of a GPU is done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def matrix_product_peak(precision: torch.dtype = torch.float32, repeats: int = 20) -> float:
    """Floating-point operations per second of matrix products, the best of several repeats."""
    best = 0.0
    for rows, inner, columns in SHAPES + (LARGE if torch.cuda.is_available() else []):
        a, b = (torch.randn(shape, device=device()).to(precision) for shape in ((rows, inner), (inner, columns)))
        for _ in range(repeats):
            best = max(best, 2 * rows * inner * columns / timed(lambda a=a, b=b: a @ b)[1])
    return best


def shape_of(encoder: SentenceEncoder) -> Shape:
    """The sizes of an encoder's transformer."""
    shape = Shape.of_config(encoder.model.config.to_dict())
    assert shape is not None
    return shape


def fine_tuning_seconds(
    encoder: SentenceEncoder, examples: Examples, *, start: int, steps: int, batch: int, max_tokens: int
) -> float:
    """The time in seconds of the steps from `start` to `steps`, without the cost of starting a training."""
    times: dict[int, float] = {}
    train_contrastive(
        encoder,
        examples,
        objective=InfoNCE(),
        schedule=Schedule(steps=steps, learning_rate=3e-4),
        batch_size=batch,
        max_tokens=max_tokens,
        watch=lambda step, _: times.update({step: now()}),
        watch_at=[start, steps],
    )
    return times[steps] - times[start]


def main() -> None:
    for precision in (torch.float32, torch.bfloat16):
        peak = matrix_product_peak(precision)
        print(
            f"matrix products in {precision}: {peak / 1e9:.0f} GFLOP/s, {torch.get_num_threads()} threads, {device()}"
        )


if __name__ == "__main__":
    main()

"""The processes that share a training, as `accelerate launch` or `torchrun` starts them."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")


def num_processes() -> int:
    """How many processes share the training; 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", 1))


def process_index() -> int:
    """This process's number among them, counted from 0."""
    return int(os.environ.get("RANK", 0))


def is_main_process() -> bool:
    """Whether this process does what only one of them must do, such as writing to the cache."""
    return process_index() == 0


def broadcast(value: T) -> T:
    """The main process's `value`, in every process; all of them must call this."""
    if num_processes() == 1:
        return value
    import torch
    from accelerate import PartialState
    from accelerate.utils import broadcast_object_list

    PartialState(cpu=not torch.cuda.is_available())  # without a GPU it sees other processes only if it is asked to
    return broadcast_object_list([value])[0]

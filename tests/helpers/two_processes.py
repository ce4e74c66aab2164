"""Work for two processes that share a training, and the fork that starts them."""

import multiprocessing
import os
import socket
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate.state import AcceleratorState
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from wig_core.training.objectives import InfoNCE, Objective, Softmax, SupervisedSimCSE

D = 8
LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
MAKERS: dict[str, Callable[[], Objective]] = {
    "one way": InfoNCE,
    "symmetric": lambda: InfoNCE("dot", temperature=1.0, symmetric=True),
    "hard negatives": SupervisedSimCSE,
    "softmax": lambda: Softmax(D, classes=3),
}


def in_two_processes(work: Callable[[], object]) -> None:
    """Call `work` in two processes with the environment that `torchrun` sets.

    They are forks of this one, which has imported everything already; what they write to disk remains.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_one_of_two, args=(rank, port, work)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        process.kill()
        assert process.exitcode == 0


def _one_of_two(rank: int, port: int, work: Callable[[], object]) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    AcceleratorState._reset_state(reset_partial_state=True)  # a training before the fork has set it
    work()
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def columns(count: int, rows: int = 6) -> list[Tensor]:
    generator = torch.Generator().manual_seed(count)
    return [torch.randn(rows, D, generator=generator, requires_grad=True) for _ in range(count)]


class Scaled(nn.Module):
    """An encoder of one matrix, and its objective."""

    def __init__(self, name: str):
        super().__init__()
        torch.manual_seed(0)
        self.matrix = nn.Linear(D, D, bias=False)
        self.objective = MAKERS[name]()

    def forward(self, texts: list[Tensor], labels: Tensor) -> Tensor:
        return self.objective([self.matrix(text) for text in texts], labels)


def step(model: nn.Module, name: str, rows: slice) -> Tensor:
    """The loss on some rows of a batch of eight, after its backward pass."""
    texts = [column.detach()[rows] for column in columns(3 if name == "hard negatives" else 2, rows=8)]
    loss = model(texts, LABELS[rows])
    loss.backward()
    return loss.detach()


def half_of_the_batch(folder: Path) -> None:
    """Loss and gradient of each objective, in one of two processes that have half of the batch each."""
    torch.distributed.init_process_group("gloo")
    rank = torch.distributed.get_rank()
    found = {}
    for name in MAKERS:
        model = DistributedDataParallel(Scaled(name))
        loss = step(model, name, slice(4 * rank, 4 * rank + 4))
        torch.distributed.all_reduce(loss)
        found[name] = {"loss": loss / 2, "gradient": model.module.matrix.weight.grad}
    torch.save(found, folder / f"{rank}.pt")

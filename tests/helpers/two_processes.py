"""What a test runs in two processes: a module of its own, so that they import little."""

from collections.abc import Callable

import torch
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


def half(rank: int, folder: str) -> None:
    """One of two processes, which has half of the batch."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    found = {}
    for name in MAKERS:
        model = DistributedDataParallel(Scaled(name))
        loss = step(model, name, slice(4 * rank, 4 * rank + 4))
        torch.distributed.all_reduce(loss)
        found[name] = {"loss": loss / 2, "gradient": model.module.matrix.weight.grad}
    torch.save(found, f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()

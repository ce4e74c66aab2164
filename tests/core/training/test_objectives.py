"""Objectives equal those of sentence-transformers and results by hand, and are the same in two processes as in one."""

import math
from functools import partial

import pytest
import torch
from sentence_transformers.sentence_transformer import losses
from sentence_transformers.util import cos_sim, dot_score
from torch import Tensor, nn
from two_processes import MAKERS, D, Scaled, columns, half_of_the_batch, in_two_processes, step

from wig_core.errors import InputError
from wig_core.training.objectives import InfoNCE, Objective, Softmax, SupervisedSimCSE, UnsupervisedSimCSE


class Columns(nn.Module):
    """A stand-in for a SentenceTransformer that returns the embeddings it is given."""

    device = torch.device("cpu")

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"sentence_embedding": features["embeddings"]}


def gradients(loss: Tensor, inputs: list[Tensor]) -> list[Tensor]:
    return list(torch.autograd.grad(loss, inputs))


SYMMETRIC = {"directions": ("query_to_doc", "doc_to_query"), "partition_mode": "per_direction"}


@pytest.mark.parametrize(
    ("objective", "reference", "count"),
    [
        (InfoNCE(), {"scale": 20.0, "similarity_fct": cos_sim}, 2),
        (InfoNCE(temperature=0.1), {"scale": 10.0, "similarity_fct": cos_sim}, 4),
        (InfoNCE("dot", temperature=1.0), {"scale": 1.0, "similarity_fct": dot_score}, 2),
        (InfoNCE("dot", temperature=2.0), {"scale": 0.5, "similarity_fct": dot_score}, 3),
        (InfoNCE(symmetric=True), {"scale": 20.0, **SYMMETRIC}, 2),
        (InfoNCE("dot", temperature=1.0, symmetric=True), {"scale": 1.0, "similarity_fct": dot_score, **SYMMETRIC}, 2),
        (UnsupervisedSimCSE(), {"scale": 20.0}, 2),
        (SupervisedSimCSE(), {"scale": 20.0}, 3),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value),
)
def test_equal_to_sentence_transformers(objective: Objective, reference: dict, count: int) -> None:
    inputs = columns(count)
    expected = losses.MultipleNegativesRankingLoss(Columns(), **reference)([{"embeddings": c} for c in inputs], None)
    loss = objective(inputs)
    torch.testing.assert_close(loss, expected, atol=1e-5, rtol=0)
    for ours, theirs in zip(gradients(loss, inputs), gradients(expected, inputs), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def test_softmax_is_equal_to_sentence_transformers() -> None:
    inputs, labels = columns(2), torch.tensor([0, 1, 2, 0, 1, 2])
    ours = Softmax(D, classes=3)
    theirs = losses.SoftmaxLoss(Columns(), D, 3)
    theirs.classifier.load_state_dict(ours.classifier.state_dict())
    loss, expected = ours(inputs, labels), theirs([{"embeddings": c} for c in inputs], labels)
    torch.testing.assert_close(loss, expected, atol=1e-5, rtol=0)
    mine = gradients(loss, [*inputs, *ours.parameters()])
    for one, other in zip(mine, gradients(expected, [*inputs, *theirs.classifier.parameters()]), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_info_nce_by_hand() -> None:
    a, p = torch.eye(2), torch.tensor([[2.0, 0.0], [0.0, 4.0]])
    first = math.log(1 + math.exp(0 - 2))  # the anchor (1, 0): 2 to its positive, 0 to the other
    second = math.log(1 + math.exp(0 - 4))
    assert InfoNCE("dot", temperature=1.0)([a, p]).item() == pytest.approx((first + second) / 2)
    assert InfoNCE("dot", temperature=2.0)([a, p]).item() == pytest.approx(
        (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(-2))) / 2
    )
    assert InfoNCE("cosine", temperature=1.0)([a, p]).item() == pytest.approx(math.log(1 + math.exp(-1)))


def test_a_hard_negative_makes_it_harder() -> None:
    anchor, positive, negative = columns(3)
    assert SupervisedSimCSE()([anchor, positive, negative]) > InfoNCE()([anchor, positive])


def test_the_loss_is_float32_whatever_the_embeddings_are() -> None:
    assert InfoNCE()([column.bfloat16() for column in columns(2)]).dtype == torch.float32


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan])
def test_refuses_a_temperature_that_is_not_above_zero(temperature: float) -> None:
    with pytest.raises(InputError, match=r"temperature=.* must be above 0"):
        InfoNCE(temperature=temperature)


def test_softmax_refuses_pairs_without_labels() -> None:
    with pytest.raises(InputError, match="needs labelled pairs"):
        Softmax(D)(columns(2))


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, Tensor]]]:
    """Losses and gradients from each of two processes."""
    folder = tmp_path_factory.mktemp("halves")
    in_two_processes(partial(half_of_the_batch, folder))
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("name", MAKERS)
def test_two_processes_make_one_batch(halves: list[dict[str, dict[str, Tensor]]], name: str) -> None:
    model = Scaled(name)
    loss = step(model, name, slice(None))
    for found in halves:
        torch.testing.assert_close(found[name]["loss"], loss, atol=1e-6, rtol=0)
        torch.testing.assert_close(found[name]["gradient"], model.matrix.weight.grad, atol=1e-6, rtol=1e-5)

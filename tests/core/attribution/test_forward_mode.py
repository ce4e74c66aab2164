"""Forward mode: each rule, the general rule and whole models against ``vmap(jvp)`` of ``torch.func``, in float64."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from tiny import randomize
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoConfig, AutoModel

from wig_core.attribution.forward_mode import DualTensor
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.registry import Pooling

Shape = tuple[int, ...]
DIRECTIONS = 3


def normal(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_torch(function: Callable[..., Tensor], values: list[Tensor], tangents: list[Tensor]) -> Tensor:
    """The derivatives of `function` by PyTorch alone, ``[directions, ...]``."""
    return torch.func.vmap(lambda *along: torch.func.jvp(function, tuple(values), along)[1])(*tangents)


def assert_derivative(
    function: Callable[..., Tensor], *shapes: Shape, directions: int = DIRECTIONS, dtype: torch.dtype = torch.float64
) -> None:
    """Values and derivatives of `function` of duals of these shapes are those of PyTorch."""
    values = [normal(*shape, seed=10 + i).to(dtype) for i, shape in enumerate(shapes)]
    tangents = [normal(directions, *shape, seed=20 + i).to(dtype) for i, shape in enumerate(shapes)]
    expected_value, expected = function(*values), by_torch(function, values, tangents)
    with torch.no_grad():
        # Copies: a function that works in place must not change what the other side is given.
        found = function(*[DualTensor.make(v.clone(), t.clone()) for v, t in zip(values, tangents, strict=True)])
    assert isinstance(found, DualTensor)
    torch.testing.assert_close(found.primal, expected_value)
    torch.testing.assert_close(found.tangents, expected, check_dtype=False)


# ── one operation at a time ──

M, V, B = normal(4, 5), normal(5), normal(2, 5, 6)  # plain partners of the duals
POSITIVE = M > 0
LOWEST = torch.finfo(torch.float64).min


def in_place(change: Callable[[Tensor], Any]) -> Callable[[Tensor], Tensor]:
    """A function that changes a copy of its argument and returns it."""

    def function(x: Tensor) -> Tensor:
        copy = x * 1
        change(copy)
        return copy

    return function


def augmented(x: Tensor) -> Tensor:
    y = x * 1
    y += M
    y *= 3
    y -= V
    y /= 2
    return y


def filled(x: Tensor) -> Tensor:
    y = x.new_zeros(4, 6)
    y[:, 1:] = x * V
    y[1, :2] = x[0, 3:]
    return y


ARITHMETIC = {
    "dual + plain": lambda x: x + M,
    "plain + dual": lambda x: M + x,
    "dual + fewer dimensions": lambda x: x + V,
    "dual + number": lambda x: x + 2,
    "number + dual": lambda x: 2 + x,
    "itself + itself": lambda x: x + x,
    "dual - plain": lambda x: x - V,
    "plain - dual": lambda x: M - x,
    "number - dual": lambda x: 2 - x,
    "torch.sub": lambda x: torch.sub(M, x),
    "negative": lambda x: -x,
    "dual * plain": lambda x: x * M,
    "plain * dual": lambda x: V * x,
    "dual * number": lambda x: x * 3,
    "number * dual": lambda x: 0.5 * x,
    "itself * itself": lambda x: x * x,
    "torch.mul": lambda x: torch.mul(M, x),
    "dual / plain": lambda x: x / M,
    "plain / dual": lambda x: M / x,
    "number / dual": lambda x: 1 / x,
    "power": lambda x: x**2,
    "torch.pow": lambda x: torch.pow(x, 3),
    "number ** dual": lambda x: 2**x,
    "dual ** dual": lambda x: x.abs() ** x,
    "torch.add with alpha": lambda x: torch.add(x, M, alpha=2),
    "addcmul": lambda x: torch.addcmul(M, x, x),
    "augmented assignments": augmented,
    "add_": in_place(lambda y: y.add_(M)),
    "mul_": in_place(lambda y: y.mul_(M)),
    "masked_fill_": in_place(lambda y: y.masked_fill_(POSITIVE, 2.0)),
    "clamp_": in_place(lambda y: y.clamp_(min=0.0)),
    "zero_": in_place(lambda y: y.zero_()),
    "copy_": in_place(lambda y: y.copy_(M)),
    "set a row": in_place(lambda y: y.__setitem__(0, 2.0)),
    "set by a mask": in_place(lambda y: y.__setitem__(POSITIVE, 2.0)),
    "set columns to a dual": in_place(lambda y: y.__setitem__((slice(None), [0, 3]), y[:, 1:3] * V[1:3])),
    "fill zeros": filled,
}
SELECTION = {
    "masked_fill": lambda x: x.masked_fill(POSITIVE, -1.0),
    "masked_fill and amax": lambda x: x.masked_fill(M > 0.9, float("-inf")).amax(1),
    "amax": lambda x: x.amax(0),
    "max of a dimension": lambda x: x.max(0).values,
    "maximum": lambda x: torch.maximum(x, M),
    "where": lambda x: torch.where(POSITIVE, x, 0.0),
    "clamp": lambda x: x.clamp(-0.5, 0.5),
    "cat with plain": lambda x: torch.cat([x, M]),
    "cat after plain": lambda x: torch.cat([M, x], dim=1),
    "stack": lambda x: torch.stack([x, M, x]),
    "slice": lambda x: x[1:, ::2],
    "index": lambda x: x[1],
    "last column": lambda x: x[:, -1],
    "new axis": lambda x: x[..., None, :],
    "list of indices": lambda x: x[[0, 2]],
    "tensor of indices": lambda x: x[torch.tensor([0, 2, 2])],
    "pairs of indices": lambda x: x[torch.arange(4), torch.tensor([0, 1, 2, 3])],
    "mask": lambda x: x[POSITIVE],
    "gather": lambda x: torch.gather(x, 1, torch.tensor([[0, 1]] * 4)),
    "index_select": lambda x: x.index_select(0, torch.tensor([0, 3])),
    "chunk": lambda x: x.chunk(2, dim=0)[1],
    "chunks unpacked": lambda x: (lambda a, b: a * b.tanh())(*x.chunk(2, dim=0)),
    "split": lambda x: x.split(2, dim=1)[2],
    "torch.split by sizes": lambda x: torch.split(x, [1, 4], dim=1)[1],
    "unbind": lambda x: x.unbind(0)[3],
    "rows": lambda x: list(x)[2],
}
SHAPING = {
    "view": lambda x: x.view(2, 10),
    "view flat": lambda x: x.view(-1),
    "view of a size": lambda x: x.view(torch.Size((5, 4))),
    "reshape": lambda x: x.transpose(0, 1).reshape(-1, 2),
    "transpose": lambda x: x.transpose(0, 1),
    "transpose from the end": lambda x: x.transpose(-1, -2),
    "permute": lambda x: x.permute(1, 0),
    "permute by a tuple": lambda x: x.permute((1, 0)),
    "torch.permute": lambda x: torch.permute(x, (1, 0)),
    "contiguous": lambda x: x.transpose(0, 1).contiguous().view(-1),
    "unsqueeze": lambda x: x.unsqueeze(0),
    "unsqueeze last": lambda x: x.unsqueeze(-1),
    "squeeze": lambda x: x[:, :1].squeeze(),
    "squeeze one": lambda x: x[None, :, :1].squeeze(-1),
    "squeeze first": lambda x: x[:1].squeeze(0),
    "flatten": lambda x: x.flatten(),
    "flatten from": lambda x: x[None].flatten(1, 2),
    "unflatten": lambda x: x.unflatten(-1, (1, 5)),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "expand": lambda x: x.expand(3, 4, 5),
    "repeat": lambda x: x.repeat(2, 1),
    "roll": lambda x: torch.roll(x, 1, 0),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "narrow": lambda x: x.narrow(1, 0, 2),
    "pad": lambda x: F.pad(x, (1, 1)),
    "clone": lambda x: x.clone(),
    "type_as": lambda x: x.type_as(M),
    "to": lambda x: x.to(torch.float64),
    "sum": lambda x: x.sum(),
    "sum of rows": lambda x: x.sum(0),
    "sum kept": lambda x: x.sum(-1, keepdim=True),
    "torch.sum": lambda x: torch.sum(x, dim=(0, 1)),
    "mean": lambda x: x.mean(),
    "mean of a dimension": lambda x: x.mean(dim=1, keepdim=True),
    "variance": lambda x: x.var(-1),
    "norm": lambda x: x.norm(dim=-1),
    "cumsum": lambda x: x.cumsum(0),
}
FUNCTIONS = {
    **{name: getattr(F, name) for name in ("gelu", "relu", "silu", "sigmoid", "tanh", "elu", "softplus", "leaky_relu")},
    "gelu by tanh": lambda x: F.gelu(x, approximate="tanh"),
    "torch.tanh": torch.tanh,
    "Tensor.tanh": lambda x: x.tanh(),
    "torch.sigmoid": torch.sigmoid,
    "relu in place": lambda x: F.relu(x * 1, inplace=True),
    "silu in place": lambda x: F.silu(x * 1, inplace=True),
    "exp": torch.exp,
    "erf": torch.erf,
    "sqrt": lambda x: x.abs().sqrt(),
    "rsqrt": lambda x: x.abs().rsqrt(),
    "dropout that is off": lambda x: F.dropout(x, 0.1, training=False),
    "Dropout in eval mode": lambda x: torch.nn.Dropout(0.1).eval()(x),
    "softmax": lambda x: F.softmax(x, -1),
    "softmax of the first dimension": lambda x: torch.softmax(x, 0),
    "Tensor.softmax": lambda x: x.softmax(dim=1),
    "Softmax": lambda x: torch.nn.Softmax(-1)(x),
    "softmax of three dimensions": lambda x: F.softmax(x[None] * V, 1),
    "softmax behind a mask": lambda x: F.softmax(x.masked_fill(M > 0.9, float("-inf")), -1),
    "softmax with a mask": lambda x: F.softmax(x + torch.zeros_like(M).masked_fill(POSITIVE, LOWEST), -1),
    "log_softmax": lambda x: F.log_softmax(x, -1),
    "layer_norm": lambda x: F.layer_norm(x, (5,), V, V + 1),
    "layer_norm plain": lambda x: F.layer_norm(x, (5,)),
    "layer_norm with weight only": lambda x: F.layer_norm(x, (5,), weight=V),
    "layer_norm with bias only": lambda x: F.layer_norm(x, [5], None, V),
    "layer_norm over two dimensions": lambda x: F.layer_norm(x[None] * B[:, :4, :5], (4, 5), M, M, 1e-3),
    "LayerNorm": lambda x: torch.nn.LayerNorm(5, eps=1e-12, dtype=torch.float64)(x),
    "rms_norm": lambda x: F.rms_norm(x, (5,), V),
    "normalize": lambda x: F.normalize(x, dim=-1),
    "cosine_similarity": lambda x: F.cosine_similarity(x, M, dim=-1),
    "linear": lambda x: F.linear(x, M, M[:, 0]),
    "linear without bias": lambda x: F.linear(x, M),
    "linear of a vector": lambda x: F.linear(x[0], M),
    "linear of four dimensions": lambda x: F.linear(x.view(2, 2, 1, 5), M),
    "conv1d": lambda x: F.conv1d(x[None], M[None, :, :2]),
}
PRODUCTS: dict[str, tuple[Callable[..., Tensor], list[Shape]]] = {
    "dual @ plain": (lambda x: x @ M.T, [(3, 5)]),
    "plain @ dual": (lambda x: M @ x, [(5, 3)]),
    "dual @ dual": (lambda x, y: x @ y, [(3, 4), (4, 5)]),
    "batches": (lambda x, y: torch.matmul(x, y), [(2, 3, 4), (2, 4, 5)]),
    "heads": (lambda x, y: x @ y.transpose(-1, -2), [(2, 3, 4, 5), (2, 3, 6, 5)]),
    "matrix @ batch": (lambda x: x @ B, [(3, 5)]),
    "batch @ matrix": (lambda x: B @ x, [(6, 3)]),
    "batch of one @ batch": (lambda x: x @ B, [(1, 3, 5)]),
    "four dimensions @ matrix": (lambda x, y: x @ y, [(2, 3, 4, 5), (5, 4)]),
    "four dimensions @ three": (lambda x, y: x @ y, [(6, 2, 4, 5), (2, 5, 4)]),
    "matrix @ three dimensions": (lambda x, y: x @ y, [(4, 5), (2, 5, 4)]),
    "dual matrix @ vector": (lambda x: x @ V, [(4, 5)]),
    "dual batch @ vector": (lambda x: x @ V, [(2, 4, 5)]),
    "matrix @ dual vector": (lambda x: M @ x, [(5,)]),
    "dual vector @ matrix": (lambda x: x @ M, [(4,)]),
    "vector @ dual matrix": (lambda x: V @ x, [(5, 4)]),
    "inner product": (lambda x, y: x @ y, [(5,), (5,)]),
    "bmm": (lambda x, y: torch.bmm(x, y), [(2, 3, 4), (2, 4, 5)]),
    "addmm": (lambda x: torch.addmm(V, x, M), [(3, 4)]),
    "baddbmm": (lambda x: torch.baddbmm(B[:, :3], x, B), [(2, 3, 5)]),
    "einsum": (lambda x: torch.einsum("ij,kj->ik", x, M), [(3, 5)]),
    "einsum of duals": (lambda x, y: torch.einsum("bij,bkj->bik", x, y), [(2, 3, 5), (2, 4, 5)]),
}


@pytest.mark.parametrize("function", ARITHMETIC.values(), ids=ARITHMETIC)
def test_arithmetic(function: Callable[..., Tensor]) -> None:
    assert_derivative(function, (4, 5))


@pytest.mark.parametrize("function", SELECTION.values(), ids=SELECTION)
def test_selection(function: Callable[..., Tensor]) -> None:
    assert_derivative(function, (4, 5))


@pytest.mark.parametrize("function", SHAPING.values(), ids=SHAPING)
def test_shaping(function: Callable[..., Tensor]) -> None:
    assert_derivative(function, (4, 5))


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions(function: Callable[..., Tensor]) -> None:
    assert_derivative(function, (4, 5))


@pytest.mark.parametrize(("function", "shapes"), PRODUCTS.values(), ids=PRODUCTS)
def test_products(function: Callable[..., Tensor], shapes: list[Shape]) -> None:
    assert_derivative(function, *shapes)


@pytest.mark.parametrize(
    "function",
    [lambda x: F.softmax(x, -1, dtype=torch.float64), lambda x: torch.softmax(x, -1, torch.float64)],
    ids=["by name", "by place"],
)
def test_softmax_in_another_type(function: Callable[..., Tensor]) -> None:
    x = DualTensor.make(M.float(), normal(2, 4, 5).float())
    assert function(x).primal.dtype == torch.float64
    torch.testing.assert_close(function(x).primal, function(M.float()))


# ── broadcasting ──


@settings(max_examples=60)
@given(
    mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3),
    st.sampled_from([torch.add, torch.mul, torch.sub, torch.div]),
    st.integers(1, 3),
)
def test_duals_broadcast(shapes: Any, function: Callable[..., Tensor], directions: int) -> None:
    assert_derivative(function, *shapes.input_shapes, directions=directions)


@settings(max_examples=60)
@given(
    mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3),
    st.sampled_from([torch.add, torch.mul, torch.sub, torch.div]),
    st.booleans(),
    st.integers(1, 3),
)
def test_a_dual_and_a_plain_tensor_broadcast(
    shapes: Any, function: Callable[..., Tensor], first: bool, directions: int
) -> None:
    own, other = shapes.input_shapes
    plain = normal(*other, seed=3)
    assert_derivative(lambda x: function(x, plain) if first else function(plain, x), own, directions=directions)


def test_as_many_directions_as_rows() -> None:
    # The axis of the directions must not be taken for one of the value's: here both are 4 long.
    assert_derivative(lambda x, y: x + y, (5,), (4, 5), directions=4)
    assert_derivative(lambda x, y: x * y, (5,), (4, 5), directions=4)
    assert_derivative(lambda x: x + M, (5,), directions=4)


# ── what is no derivative ──


def dual(*shape: int, directions: int = DIRECTIONS) -> DualTensor:
    return DualTensor.make(normal(*shape, seed=4), normal(directions, *shape, seed=5))


def test_docstring_by_hand() -> None:
    # d(x² + y²) along (1, 0) and (3, -1) at (1, 2): 2x = 2, and 2·1·3 + 2·2·(−1) = 2.
    x = DualTensor.make(torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 0.0], [3.0, -1.0]]))
    squares = (x * x).sum()
    assert squares.primal.item() == 5.0
    assert squares.tangents.tolist() == [2.0, 2.0]


def test_parts() -> None:
    x = dual(4, 5)
    assert type(x.primal) is Tensor
    assert x.shape == (4, 5)
    assert (x.size(0), x.dim(), x.numel(), len(x), x.dtype) == (4, 2, 20, 4, torch.float64)
    with pytest.raises(ValueError, match=r"tangents \(3, 5, 4\) do not extend the value \(4, 5\)"):
        DualTensor.make(M, normal(3, 5, 4))


@pytest.mark.parametrize(
    "function",
    [lambda x: x > 0, lambda x: x == 0, torch.isnan, lambda x: x.argmax(1), lambda x: x.long()],
    ids=["greater", "equal", "isnan", "argmax", "long"],
)
def test_what_has_no_derivative_is_plain(function: Callable[[Tensor], Tensor]) -> None:
    x = dual(4, 5)
    found = function(x)
    assert not isinstance(found, DualTensor)
    assert torch.equal(found, function(x.primal))


def test_a_condition_on_the_value() -> None:
    assert_derivative(lambda x: torch.where(x > 0, x, 0.1 * x), (4, 5))
    assert bool((dual(4, 5) > -100).all())


def test_a_plain_tensor_cannot_take_a_derivative_in_place() -> None:
    total = torch.zeros(4, 5, dtype=torch.float64)
    with pytest.raises(RuntimeError, match="plain tensor"):
        total += dual(4, 5)
    with pytest.raises(RuntimeError, match="plain tensor"):
        total[0] = dual(5)


def test_in_place_on_a_view_is_followed_or_refused() -> None:
    x = dual(4, 5)
    y = x * 1
    try:
        y.view(-1).mul_(2)
    except RuntimeError:
        return
    torch.testing.assert_close(y.tangents, 2 * x.tangents)


def test_in_place_leaves_other_duals_alone() -> None:
    x = dual(4, 5)
    before = x.tangents.clone()
    y = x + 1
    y *= 2
    assert torch.equal(x.tangents, before)
    torch.testing.assert_close(y.tangents, 2 * before)


def test_dropout_in_training_is_refused() -> None:
    with pytest.raises(RuntimeError, match="eval mode"):
        F.dropout(dual(4, 5), 0.1, training=True)


# ── narrower tangents ──


NARROW = {
    name: {**ARITHMETIC, **SELECTION, **FUNCTIONS}[name]
    for name in ("dual + plain", "dual * plain", "plain / dual", "masked_fill and amax", "chunk", "gelu", "softmax")
} | {"layer_norm": FUNCTIONS["layer_norm"], "linear": FUNCTIONS["linear"], "matmul": lambda x: x @ x.transpose(0, 1)}


@pytest.mark.parametrize("function", NARROW.values(), ids=NARROW)
def test_tangents_stay_as_narrow_as_they_are(function: Callable[[Tensor], Tensor]) -> None:
    exact = dual(4, 5)
    narrow = function(DualTensor.make(exact.primal, exact.tangents.bfloat16()))
    assert narrow.primal.dtype == torch.float64
    assert narrow.tangents.dtype == torch.bfloat16
    expected = function(exact)
    torch.testing.assert_close(narrow.primal, expected.primal)
    assert (narrow.tangents - expected.tangents).norm() < 0.02 * expected.tangents.norm()


# ── whole models ──

SIZES = {
    "vocab_size": 50,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 20,
    "initializer_range": 0.3,
}
MODERN = {"pad_token_id": 0, "cls_token_id": 1, "sep_token_id": 2, "bos_token_id": 1, "eos_token_id": 2}
DISENTANGLED = {
    "relative_attention": True,
    "position_biased_input": False,
    "pos_att_type": ["p2c", "c2p"],
    "position_buckets": 8,
    "norm_rel_ebd": "layer_norm",
    "conv_kernel_size": 3,
    "conv_act": "gelu",
}
SMALL = {"vocab_size": 50, "initializer_range": 0.3}
MODELS: dict[str, tuple[dict[str, Any], float]] = {  # settings, and the error allowed
    "bert": (SIZES, 1e-10),
    "roberta": (SIZES, 1e-10),
    "mpnet": (SIZES, 1e-10),
    "electra": (SIZES | {"embedding_size": 8}, 1e-10),
    "albert": (SIZES | {"embedding_size": 8}, 1e-10),
    "deberta-v2": (SIZES | DISENTANGLED, 1e-10),
    "modernbert": (SIZES | MODERN | {"local_attention": 4}, 1e-6),  # computes its rotations in float32
    "distilbert": (SMALL | {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}, 1e-10),
    "gpt2": (SMALL | {"n_embd": 16, "n_layer": 2, "n_head": 2, "bos_token_id": 1, "eos_token_id": 2}, 1e-10),
}
IDS = torch.tensor([[1, 7, 8, 9, 10, 2], [1, 9, 9, 30, 2, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0]])


def random_encoder(architecture: str, pooling: Pooling = "mean") -> SentenceEncoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = AutoConfig.for_model(architecture, **MODELS[architecture][0])
        model = AutoModel.from_config(config, attn_implementation="eager")
        randomize(model)
    return SentenceEncoder(
        architecture, None, model.double().eval().requires_grad_(False), pooling, "dot", normalize=False, max_tokens=20
    )


def embedding_layer(encoder: SentenceEncoder) -> Tensor:
    """The embedding layer's output sentence by sentence, filled up with zeros: as attribution makes its batches."""
    rows = [encoder.embedding_layer(ids[mask > 0][None])[0] for ids, mask in zip(IDS, MASK, strict=True)]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


def assert_model_derivative(encoder: SentenceEncoder, allowed: float) -> None:
    start = embedding_layer(encoder)
    directions = normal(DIRECTIONS, *start.shape)
    expected = by_torch(lambda x: encoder.embed_from(x, MASK), [start], [directions])
    with torch.no_grad():
        found = encoder.embed_from(DualTensor.make(start, directions), MASK)
    assert expected.norm() > 1e-3
    torch.testing.assert_close(found.primal, encoder.embed_from(start, MASK), atol=1e-12, rtol=1e-12)
    assert (found.tangents - expected).norm() < allowed * expected.norm()


@pytest.mark.parametrize("architecture", MODELS)
def test_whole_models(architecture: str) -> None:
    encoder = random_encoder(architecture)
    own = encoder.model(input_ids=IDS, attention_mask=MASK).last_hidden_state
    torch.testing.assert_close(encoder.embed_from(embedding_layer(encoder), MASK), encoder.pool(own, MASK))
    assert_model_derivative(encoder, allowed=MODELS[architecture][1])


@pytest.mark.parametrize("pooling", ["cls", "max"])
def test_whole_models_of_other_pooling(pooling: Pooling) -> None:
    assert_model_derivative(random_encoder("bert", pooling), allowed=1e-10)


def test_padding_does_not_leak_into_derivatives() -> None:
    encoder = random_encoder("bert")
    start = embedding_layer(encoder)
    directions = normal(2, *start.shape)
    with torch.no_grad():
        together = encoder.embed_from(DualTensor.make(start, directions), MASK).tangents[:, 1]
        alone = encoder.embed_from(DualTensor.make(start[1:, :5], directions[:, 1:, :5]), MASK[1:, :5]).tangents[:, 0]
    torch.testing.assert_close(together, alone)

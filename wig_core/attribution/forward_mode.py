"""Forward-mode derivatives of a whole encoder along many directions at once.

`DualTensor` carries a value and its tangents through any PyTorch module: the value once, with one more leading axis
for the directions. It computes what ``torch.func.vmap(torch.func.jvp)`` computes, and calls exactly these two for each
operation that has no rule here. The rules exist for speed: what depends on the value alone (the slope of an activation,
the statistics of a layer norm, a softmax) is computed once for all directions, and the directions are folded into the
rows of one large matrix product. Tangents may have a lower precision than the values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._pytree import tree_leaves, tree_map

Rule = Callable[..., Any]
_RULES: dict[Callable[..., Any], Rule] = {}


class DualTensor(torch.Tensor):
    """A tensor together with its derivatives along several directions.

    Attributes:
        primal: the value, of any shape ``[...]``.
        tangents: the derivatives, of shape ``[directions, ...]``.

    Example:
        >>> x = DualTensor.make(torch.tensor([1.0, 2.0]), torch.eye(2))
        >>> (x * x).sum().tangents
        tensor([2., 4.])
    """

    tangents: Tensor

    @staticmethod
    def make(primal: Tensor, tangents: Tensor) -> DualTensor:
        """Pair a value ``[...]`` with its tangents ``[directions, ...]``."""
        if tangents.shape[1:] != primal.shape:
            raise ValueError(f"tangents {tuple(tangents.shape)} do not extend the value {tuple(primal.shape)}")
        dual = primal.as_subclass(DualTensor)
        dual.tangents = tangents
        return dual

    @property
    def primal(self) -> Tensor:
        """The value alone, as a plain tensor."""
        with torch._C.DisableTorchFunctionSubclass():
            return self.as_subclass(Tensor)

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        """Apply `function` to the value and its derivative to the tangents."""
        kwargs = kwargs or {}
        if function in _METADATA:
            with torch._C.DisableTorchFunctionSubclass():
                return function(*args, **kwargs)
        if (plain := _out_of_place(function)) is not None:
            result = plain(*args, **kwargs)
            if not isinstance(args[0], DualTensor):
                raise RuntimeError(f"{function.__name__} would lose a derivative, which a plain tensor cannot carry")
            args[0].primal.copy_(result.primal)
            args[0].tangents.copy_(result.tangents)  # in place too, so that views and their base stay in step
            return args[0]
        return _RULES.get(function, _by_vmap_of_jvp(function))(*args, **kwargs)


_METADATA = {
    getattr(torch.Tensor, name).__get__
    for name in ("shape", "dtype", "device", "ndim", "is_cuda", "is_nested", "layout", "requires_grad")
} | {getattr(torch.Tensor, name) for name in ("size", "dim", "numel", "is_floating_point", "__len__", "is_contiguous")}


def _out_of_place(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """The method that computes what an in-place method (``add_``, ``__iadd__``) does; None for any other function."""
    name = getattr(function, "__name__", "")
    if name.startswith("__i") and name.endswith("__"):
        return getattr(torch.Tensor, f"__{name[3:]}", None)
    if name.endswith("_") and not name.endswith("__"):
        return getattr(torch.Tensor, name[:-1], None)
    return None


def _by_vmap_of_jvp(function: Callable[..., Any]) -> Rule:
    """The general rule: PyTorch's own derivative of `function`, mapped over the directions."""

    def rule(*args: Any, **kwargs: Any) -> Any:
        duals: list[DualTensor] = []
        tree_map(lambda leaf: duals.append(leaf) if isinstance(leaf, DualTensor) else None, (args, kwargs))

        def of_duals(*values: Tensor) -> Any:
            supply = iter(values)
            filled = tree_map(lambda leaf: next(supply) if isinstance(leaf, DualTensor) else leaf, (args, kwargs))
            return function(*filled[0], **filled[1])

        primals = tuple(dual.primal for dual in duals)
        tangents = tuple(dual.tangents.to(dual.primal.dtype) for dual in duals)
        values = of_duals(*primals)
        if not any(_has_derivative(leaf) for leaf in tree_leaves(values)):
            return values
        derivatives = torch.func.vmap(lambda *t: torch.func.jvp(of_duals, primals, t)[1])(*tangents)
        narrow = duals[0].tangents.dtype
        return tree_map(
            lambda value, derivative: (
                DualTensor.make(value, _one_each(derivative).to(narrow)) if _has_derivative(value) else value
            ),
            values,
            derivatives,
        )

    return rule


def _one_each(tangents: Tensor) -> Tensor:
    """The tangents, with memory for each direction, because in-place methods write to it."""
    return tangents.clone() if tangents.stride(0) == 0 and len(tangents) > 1 else tangents


def _has_derivative(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


def _rule(*functions: Callable[..., Any]) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        _RULES.update(dict.fromkeys(functions, rule))
        return rule

    return register


def _parts(value: Any) -> tuple[Any, Tensor | None]:
    return (value.primal, value.tangents) if isinstance(value, DualTensor) else (value, None)


def _aligned(tangents: Tensor | None, ndim: int) -> Tensor | None:
    """Tangents with axes of length 1 after the axis of directions, so that they broadcast as values do."""
    if tangents is None or tangents.ndim > ndim:
        return tangents
    return tangents.reshape(len(tangents), *[1] * (ndim + 1 - tangents.ndim), *tangents.shape[1:])


def _linear_rule(function: Callable[..., Tensor]) -> Rule:
    """Reshaping, summing and the like: linear in one tensor argument, so tangents are transformed like the value."""

    def rule(dual: DualTensor, *args: Any, **kwargs: Any) -> DualTensor:
        along = torch.func.vmap(lambda tangent: function(tangent, *args, **kwargs))
        return DualTensor.make(function(dual.primal, *args, **kwargs), along(dual.tangents))

    return rule


_LINEAR = ("view", "reshape", "transpose", "permute", "contiguous", "unsqueeze", "squeeze", "sum", "mean", "flatten")
_RULES |= {f: _linear_rule(f) for f in [getattr(torch.Tensor, name) for name in (*_LINEAR, "__getitem__")]}
_RULES |= {f: _linear_rule(f) for f in [getattr(torch, name) for name in _LINEAR if hasattr(torch, name)]}


@_rule(torch.Tensor.__setitem__)
def _set_item(x: Any, index: Any, value: Any) -> None:
    if not isinstance(x, DualTensor):
        raise RuntimeError("__setitem__ would lose a derivative, which a plain tensor cannot carry")
    value, change = _parts(value)
    x.primal[index] = value
    for direction, tangent in enumerate(x.tangents):
        tangent[index] = 0 if change is None else change[direction].to(tangent.dtype)


@_rule(F.linear)
def _linear(x: DualTensor, weight: Tensor, bias: Tensor | None = None) -> DualTensor:
    return DualTensor.make(F.linear(x.primal, weight, bias), F.linear(x.tangents, weight.to(x.tangents.dtype)))


@_rule(torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__)
def _matmul(a: Any, b: Any) -> DualTensor:
    if min(a.ndim, b.ndim) < 2:
        return _by_vmap_of_jvp(torch.matmul)(a, b)
    (a, da), (b, db) = _parts(a), _parts(b)
    terms = []
    if da is not None:  # [..., directions * rows, inner] @ [..., inner, columns]
        rows = da.movedim(0, -3)
        product = rows.flatten(-3, -2) @ b.to(da.dtype)
        terms.append(product.unflatten(-2, rows.shape[-3:-1]).movedim(-3, 0))
    if db is not None:  # [..., rows, inner] @ [..., inner, directions * columns]
        columns = db.movedim(0, -2)
        product = a.to(db.dtype) @ columns.flatten(-2, -1)
        terms.append(product.unflatten(-1, columns.shape[-2:]).movedim(-2, 0))
    return DualTensor.make(a @ b, terms[0] if len(terms) == 1 else terms[0] + terms[1])


@_rule(torch.add, torch.Tensor.add, torch.Tensor.__add__, torch.Tensor.__radd__)
def _add(a: Any, b: Any, *, alpha: float = 1) -> DualTensor:
    (a, da), (b, db) = _parts(a), _parts(b if alpha == 1 else b * alpha)
    value = a + b
    da, db = _aligned(da, value.ndim), _aligned(db, value.ndim)
    if da is not None and db is not None:
        return DualTensor.make(value, da + db)
    tangents = da if da is not None else db
    assert tangents is not None
    return DualTensor.make(
        value, tangents.expand(-1, *value.shape).clone()
    )  # a copy, because in-place methods write to it


@_rule(torch.mul, torch.Tensor.mul, torch.Tensor.__mul__, torch.Tensor.__rmul__)
def _mul(a: Any, b: Any) -> DualTensor:
    (a, da), (b, db) = _parts(a), _parts(b)
    value = a * b
    da, db = _aligned(da, value.ndim), _aligned(db, value.ndim)
    terms = [t * (f.to(t.dtype) if isinstance(f, Tensor) else f) for t, f in ((da, b), (db, a)) if t is not None]
    return DualTensor.make(value, sum(terms[1:], start=terms[0]))


@_rule(F.dropout)
def _dropout(x: DualTensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> DualTensor:
    if training and p > 0:
        raise RuntimeError("the model is in training mode; attribution needs eval mode: call model.eval()")
    return x


def _activation(function: Callable[..., Tensor]) -> Rule:
    """An elementwise function, whose slope is computed once for all directions."""

    def rule(x: DualTensor, *args: Any, **kwargs: Any) -> DualTensor:
        ones = torch.ones_like(x.primal)
        value, slope = torch.func.jvp(lambda v: function(v, *args, **kwargs), (x.primal,), (ones,))  # type: ignore[misc]
        return DualTensor.make(value, x.tangents * slope.to(x.tangents.dtype))

    return rule


_RULES |= {f: _activation(f) for f in (F.gelu, F.relu, F.silu, torch.tanh, torch.Tensor.tanh, torch.sigmoid)}


@_rule(F.softmax)
def _functional_softmax(x: DualTensor, dim: int, _stacklevel: int = 3, dtype: torch.dtype | None = None) -> DualTensor:
    return _softmax(x, dim, dtype)


@_rule(torch.softmax, torch.Tensor.softmax)
def _softmax(x: DualTensor, dim: int, dtype: torch.dtype | None = None) -> DualTensor:
    p = F.softmax(x.primal, dim=dim, dtype=dtype)
    axis = dim - x.primal.ndim if dim >= 0 else dim
    weighted = x.tangents * p.to(x.tangents.dtype)
    return DualTensor.make(p, weighted - p.to(x.tangents.dtype) * weighted.sum(axis, keepdim=True))


@_rule(F.layer_norm)
def _layer_norm(
    x: DualTensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> DualTensor:
    axes = tuple(range(-len(normalized_shape), 0))
    variance, mean = torch.var_mean(x.primal, axes, correction=0, keepdim=True)
    inverse = (variance + eps).rsqrt()
    normal = ((x.primal - mean) * inverse).to(x.tangents.dtype)
    inverse = inverse.to(x.tangents.dtype)
    t = x.tangents
    t = t - t.mean(axes, keepdim=True)
    t = torch.addcmul(t, normal, (t * normal).mean(axes, keepdim=True), value=-1)
    scale = inverse if weight is None else inverse * weight.to(t.dtype)
    return DualTensor.make(F.layer_norm(x.primal, normalized_shape, weight, bias, eps), t * scale)

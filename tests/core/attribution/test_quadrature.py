"""Quadrature: each rule is exact up to its degree and not beyond; nodes and weights are where they should be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wig_core.attribution.quadrature import RULES, quadrature
from wig_core.errors import InputError

SYMMETRIC = ["gauss-legendre", "clenshaw-curtis", "midpoint", "trapezoid"]


def monomial_error(rule: str, steps: int, degree: int) -> float:
    """How far the rule is from ∫₀¹ xᵏ dx = 1 / (k + 1)."""
    nodes, weights = quadrature(rule, steps)
    return abs(weights @ nodes**degree - 1 / (degree + 1))


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 7, 16])
@pytest.mark.parametrize(
    ("rule", "degree"),
    [
        ("gauss-legendre", lambda steps: 2 * steps - 1),
        ("clenshaw-curtis", lambda steps: max(1, steps - 1 + steps % 2)),  # one more where symmetry gives it
        ("midpoint", lambda steps: 1),
        ("trapezoid", lambda steps: 1),
        ("right-riemann", lambda steps: 0),
    ],
    ids=RULES,
)
def test_degree_of_exactness(rule: str, degree, steps: int) -> None:
    exact = degree(steps)
    assert all(monomial_error(rule, steps, power) < 1e-13 for power in range(exact + 1))
    if steps <= 7:  # further on the error of the next degree is lost in rounding
        assert monomial_error(rule, steps, exact + 1) > 1e-10


@given(st.sampled_from(list(RULES)), st.integers(1, 300))
def test_nodes_and_weights(rule: str, steps: int) -> None:
    nodes, weights = quadrature(rule, steps)
    assert nodes.shape == weights.shape == (steps,)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert (weights > 0).all()
    assert (nodes >= 0).all()
    assert (nodes <= 1).all()
    assert (np.diff(nodes) > 0).all()


@pytest.mark.parametrize("steps", [1, 2, 5, 8])
@pytest.mark.parametrize("rule", SYMMETRIC)
def test_symmetric_rules(rule: str, steps: int) -> None:
    nodes, weights = quadrature(rule, steps)
    np.testing.assert_allclose(nodes + nodes[::-1], 1, atol=1e-14)
    np.testing.assert_allclose(weights, weights[::-1], atol=1e-14)


@pytest.mark.parametrize(
    ("rule", "steps", "nodes", "weights"),
    [
        ("gauss-legendre", 1, [1 / 2], [1]),
        ("gauss-legendre", 2, [(1 - 3**-0.5) / 2, (1 + 3**-0.5) / 2], [1 / 2, 1 / 2]),
        ("clenshaw-curtis", 1, [1 / 2], [1]),
        ("clenshaw-curtis", 2, [0, 1], [1 / 2, 1 / 2]),
        ("clenshaw-curtis", 3, [0, 1 / 2, 1], [1 / 6, 4 / 6, 1 / 6]),  # Simpson's rule
        ("midpoint", 2, [1 / 4, 3 / 4], [1 / 2, 1 / 2]),
        ("trapezoid", 1, [1 / 2], [1]),
        ("trapezoid", 3, [0, 1 / 2, 1], [1 / 4, 1 / 2, 1 / 4]),
        ("right-riemann", 4, [1 / 4, 1 / 2, 3 / 4, 1], [1 / 4] * 4),
    ],
)
def test_small_rules_by_hand(rule: str, steps: int, nodes: list[float], weights: list[float]) -> None:
    found_nodes, found_weights = quadrature(rule, steps)
    np.testing.assert_allclose(found_nodes, nodes, atol=1e-14)
    np.testing.assert_allclose(found_weights, weights, atol=1e-14)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_converges(rule: str) -> None:
    errors = []
    for steps in (4, 64):
        nodes, weights = quadrature(rule, steps)
        errors.append(abs(weights @ np.exp(nodes) - (np.e - 1)))
    assert errors[1] < max(errors[0] / 10, 1e-14)


def test_an_unknown_rule() -> None:
    with pytest.raises(InputError, match="'simpson' is unknown; choose one of gauss-legendre, clenshaw-curtis, "):
        quadrature("simpson", 4)


@pytest.mark.parametrize("steps", [0, -1])
def test_too_few_steps(steps: int) -> None:
    with pytest.raises(InputError, match=f"steps is {steps}; the path integral needs at least one node"):
        quadrature("midpoint", steps)

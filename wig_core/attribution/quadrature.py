"""Textbook rules for the path integral of Integrated Gradients: nodes and weights on [0, 1].

The weights of each rule sum to 1, so a constant integrand is integrated exactly. None of them suits the rough path of a
deep encoder; `wig_core.attribution.path_steps`, the default, does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from wig_core.errors import InputError

Nodes = tuple[NDArray[np.float64], NDArray[np.float64]]


def gauss_legendre(steps: int) -> Nodes:
    """Gauss–Legendre nodes, exact for polynomials of degree 2·steps − 1: the best rule for a smooth integrand."""
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    return (nodes + 1) / 2, weights / 2


def clenshaw_curtis(steps: int) -> Nodes:
    """Chebyshev points, both ends included, exact for polynomials of degree steps − 1."""
    if steps == 1:
        return midpoint(1)
    angles = np.pi * np.arange(steps) / (steps - 1)
    degrees = np.arange(steps)
    moments = np.where(degrees % 2 == 0, 2 / (1.0 - degrees.astype(float) ** 2 + (degrees == 1)), 0.0)
    weights = np.linalg.solve(np.cos(np.outer(degrees, angles)), moments)
    return (1 - np.cos(angles)) / 2, weights / 2


def midpoint(steps: int) -> Nodes:
    """The midpoints of equal intervals."""
    return (np.arange(steps) + 0.5) / steps, np.full(steps, 1 / steps)


def trapezoid(steps: int) -> Nodes:
    """The ends of equal intervals, 0 and 1 with half the weight (captum's "riemann_trapezoid")."""
    if steps == 1:
        return midpoint(1)
    weights = np.full(steps, 1 / (steps - 1))
    weights[[0, -1]] /= 2
    return np.linspace(0, 1, steps), weights


def right_riemann(steps: int) -> Nodes:
    """The right ends of equal intervals: the sum in the first paper on Integrated Gradients (its equation 3)."""
    return np.arange(1, steps + 1) / steps, np.full(steps, 1 / steps)


RULES: dict[str, Callable[[int], Nodes]] = {
    "gauss-legendre": gauss_legendre,
    "clenshaw-curtis": clenshaw_curtis,
    "midpoint": midpoint,
    "trapezoid": trapezoid,
    "right-riemann": right_riemann,
}


def quadrature(rule: str, steps: int) -> Nodes:
    """The nodes and weights ``[steps]`` of a rule on [0, 1].

    Args:
        rule: a key of `RULES`.
        steps: the number of nodes.

    Raises:
        InputError: the rule is unknown, or there is fewer than one step.

    Example:
        >>> nodes, weights = quadrature("gauss-legendre", 2)
        >>> round(float(weights @ nodes**3), 12)
        0.25
    """
    if rule not in RULES:
        raise InputError(f"quadrature rule {rule!r} is unknown; choose one of {', '.join(RULES)}")
    if steps < 1:
        raise InputError(f"steps is {steps}; the path integral needs at least one node")
    return RULES[rule](steps)

"""An encoder at successive steps of its fine-tuning: page 07."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from wig_book.experiments.rows import Findings, Numbers, cells, dynamics, of_first_baseline
from wig_book.experiments.setup import Setup, example_pairs, from_parameters
from wig_core.training.fine_tuning import Recipe, fine_tune


def training_dynamics(parameters: Mapping[str, Any]) -> Findings:
    """Fine-tune an encoder and measure it along the way.

    Args:
        parameters: of the page, by name: base, look_at (steps), pairs (how many for the alignment), bootstrap, and the
            fields of `Recipe` and `Setup`.

    Returns:
        Table course (`dynamics`), and `dynamics_numbers`.
    """
    setup = from_parameters(Setup, parameters)
    encoders = fine_tune(parameters["base"], from_parameters(Recipe, parameters), at=parameters["look_at"])
    pairs = example_pairs("halves", parameters["pairs"])
    course = dynamics(encoders, setup, pairs, bootstrap=parameters["bootstrap"], seed=setup.seed)
    return Findings(dynamics_numbers(course), {"course": course})


def dynamics_numbers(course: pd.DataFrame) -> Numbers:
    """The numbers that prose quotes of `dynamics`: for KL under the first baseline, at the first and the last step.

    Returns:
        steps (the last), baseline; half_step, the first measured step after at least half of the change of the
        correlation; and the `cells` of correlation, r2, human_correlation, norm, uniformity and alignment, "before"
        and "after".
    """
    of_kl = of_first_baseline(course).sort_values("step", ignore_index=True)
    ends = of_kl.iloc[[0, -1]].assign(when=["before", "after"])
    first, last = ends["correlation"]
    share = (of_kl["correlation"] - first) / (last - first)
    return {
        "steps": int(of_kl["step"].max()),
        "baseline": str(of_kl["baseline"][0]),
        "half_step": int(of_kl.loc[share >= 0.5, "step"].min()),
        **cells(ends, ["correlation", "r2", "human_correlation", "norm", "uniformity", "alignment"], "when"),
    }

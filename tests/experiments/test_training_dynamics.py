import pandas as pd

from wig_book.experiments.training_dynamics import dynamics_numbers


def test_numbers_name_the_step_by_which_half_of_the_change_is_complete() -> None:
    steps = pd.DataFrame({"step": [0, 10, 100], "correlation": [0.0, 0.3, 0.4]})
    for name in ("r2", "human_correlation", "norm", "uniformity", "alignment"):
        steps[name] = steps["correlation"]
    found = dynamics_numbers(steps.assign(baseline="mask", x="kl"))
    assert (found["half_step"], found["steps"]) == (10, 100)
    assert (found["correlation_before"], found["correlation_after"]) == (0.0, 0.4)

"""How the embedding moves along the path of Integrated Gradients, and what each way of summing over it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from tqdm import tqdm

from wig_book.experiments.rows import Findings, Numbers, cell, cells
from wig_book.experiments.setup import Setup, from_parameters
from wig_core.attribution.contributions import Contributions
from wig_core.attribution.inputs import Baseline
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.path_steps import follow
from wig_core.attribution.paths import InterpolationPath, Point, interpolation_paths, values
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.word_weights import occurrence_weights

PART = 0.1  # of the path, in which the embedding may cover most of its way
CONVERGED = 0.005  # the estimated error of a reference, for which up to MORE times as many intervals are measured
MORE = 4
CLOSE = 0.02  # a completeness error that passes for none
STEPS = ["reference", "default", "steps"]  # the ways without derivatives
Explained = tuple[Sequence[Contributions], float]  # of sentences, and the mean of their forward passes


# ── along the path ──


def speeds(paths: Sequence[InterpolationPath], grid: int) -> pd.DataFrame:
    """The speed of the embedding along paths, relative to its mean, from finite differences of forward passes.

    Args:
        paths: of one encoder, one per sentence.
        grid: the number of equal cells of each path.

    Returns:
        One row per sentence and cell: sentence, position (of the cell's middle) and speed.
    """
    ends = torch.linspace(0, 1, grid + 1)
    points = [Point(path, end.expand(path.words)) for path in paths for end in ends]
    distances = torch.stack(values(points)).view(len(paths), grid + 1, -1).diff(dim=1).norm(dim=2)
    relative = distances / distances.mean(1, keepdim=True)
    return pd.DataFrame(
        {
            "sentence": np.arange(len(paths)).repeat(grid),
            "position": np.tile((np.arange(grid) + 0.5) / grid, len(paths)),
            "speed": relative.flatten().double().cpu().numpy(),
        }
    )


def largest_share(speed: pd.Series, part: float = PART) -> float:
    """The largest share of the way that the embedding covers within a part of the path.

    Args:
        speed: in equal cells, in order, relative to its mean.
        part: of the path.

    Example:
        >>> round(largest_share(pd.Series([0.5, 0.5, 3.5, 0.5, 0.0]), part=0.3), 3)  # a cell and half of the next
        0.75
    """
    ends = np.linspace(0, 1, len(speed) + 1)
    covered = np.concatenate([[0.0], np.cumsum(speed) / len(speed)])
    # The window either begins or ends at a cell's end.
    after = np.interp(ends + part, ends, covered) - covered
    before = covered - np.interp(ends - part, ends, covered)
    return float(max(after.max(), before.max()))


def describe_path(speed: pd.DataFrame) -> dict[str, float]:
    """How unevenly an embedding moves: medians over sentences.

    Args:
        speed: from `speeds`.

    Returns:
        fastest, the largest speed relative to the mean; at, its position; share, the `largest_share` of the way.
    """
    by_sentence = [one.reset_index(drop=True) for _, one in speed.groupby("sentence")]
    found = pd.DataFrame(
        {
            "fastest": [one["speed"].max() for one in by_sentence],
            "at": [one["position"][one["speed"].idxmax()] for one in by_sentence],
            "share": [largest_share(one["speed"]) for one in by_sentence],
        }
    )
    return found.median().to_dict()


# ── error against cost ──


def errors_against(found: Sequence[Contributions], reference: Sequence[Contributions]) -> dict[str, float]:
    """How far contributions are from converged ones.

    Returns:
        weights and weights_90, the median and the 90% quantile over words of the relative error of their weights;
        similarity, the correlation of the weights with the true ones; vectors, the relative error of all vectors of a
        sentence, and completeness, its completeness error, medians over sentences; completeness_worst and estimated,
        the largest completeness error and the largest error that the method estimates, NaN if it does not.
    """
    weights, true = (occurrence_weights(some)["weight"] for some in (found, reference))
    apart = (weights - true).abs() / true
    vectors = [
        float((one.vectors - other.vectors).norm() / other.vectors.norm())
        for one, other in zip(found, reference, strict=True)
    ]
    completeness = [one.completeness_error for one in found]
    return {
        "weights": apart.median(),
        "weights_90": apart.quantile(0.9),
        "similarity": weights.corr(true),
        "vectors": float(np.median(vectors)),
        "completeness": float(np.median(completeness)),
        "completeness_worst": max(completeness),
        "estimated": max(one.estimated_error for one in found),
    }


def by_steps(encoder: SentenceEncoder, sentences: Sequence[str], baseline: Baseline, **limits: float) -> Explained:
    """Explain sentences by steps of single words, and count the forward passes; for the limits see `follow`."""
    with counted_passes(encoder.model) as sizes:
        found = follow(interpolation_paths(encoder, sentences, baseline=baseline), **limits)  # type: ignore[arg-type]
    return [one.contributions() for one in found], sum(sizes) / len(sentences)


def by_rule(encoder: SentenceEncoder, sentences: Sequence[str], baseline: Baseline, rule: str, nodes: int) -> Explained:
    """Explain sentences by a rule of quadrature, at the cost of a forward pass and one more per word at each node."""
    found = integrated_gradients(encoder, sentences, baseline=baseline, rule=rule, steps=nodes)
    return found, nodes * float(np.mean([len(one) + 1 for one in found]))


@contextmanager
def counted_passes(model: nn.Module) -> Iterator[list[int]]:
    """Within, the number of sentences in each batch that passes through a model is noted."""
    sizes: list[int] = []
    handle = model.register_forward_pre_hook(
        lambda _model, _arguments, given: sizes.append(len(given["attention_mask"])), with_kwargs=True
    )
    try:
        yield sizes
    finally:
        handle.remove()


def errors_by_cost(encoder: SentenceEncoder, setup: Setup, parameters: Mapping[str, Any]) -> pd.DataFrame:
    """What each way of summing leaves on an encoder, against what it costs.

    Args:
        encoder: the encoder.
        setup: its sentences, and the tolerance of the other pages.
        parameters: baseline, reference, tolerances, rules and nodes, as in `convergence`.

    Returns:
        One row per way and setting: rule ("reference", "default", "steps" or a rule of quadrature), setting (the number
        of intervals, the tolerance or the number of nodes), passes (mean per sentence), and the columns of
        `errors_against`.
    """
    intervals = parameters["reference"]
    steps = partial(by_steps, encoder, setup.sentences, parameters["baseline"])
    rules = partial(by_rule, encoder, setup.sentences, parameters["baseline"])
    reference, passes = steps(tolerance=CONVERGED, first=intervals, most=MORE * intervals)
    ways: dict[tuple[str, float], Callable[[], Explained]] = {
        ("reference", intervals): lambda: (reference, passes),
        ("default", setup.tolerance): partial(steps, tolerance=setup.tolerance),
        **{("steps", one): partial(steps, tolerance=one, most=intervals) for one in parameters["tolerances"]},
        **{(rule, one): partial(rules, rule, one) for rule in parameters["rules"] for one in parameters["nodes"]},
    }
    rows = []
    for (rule, setting), explain in tqdm(ways.items(), encoder.name):
        found, passes = explain()
        rows.append({"rule": rule, "setting": setting, "passes": passes, **errors_against(found, reference)})
    return pd.DataFrame(rows)


# ── the page ──


def convergence(parameters: Mapping[str, Any]) -> Findings:
    """Measure how far Integrated Gradients are from converged, on encoders in turn.

    Args:
        parameters: of the page, by name: encoders; baseline; grid, the cells of `speeds`; reference, the intervals of
            the converged contributions, more where the path is rough; tolerances, of steps with at most as many
            intervals; rules and nodes, of quadrature; usual, the number of nodes that prose quotes; and the fields of
            `Setup`.

    Returns:
        Tables speed, one row per encoder and cell: encoder, position, median (over sentences) and first (of the first
        sentence); paths, one row per encoder: encoder and the columns of `describe_path`; errors, one row per encoder,
        way and setting: encoder and the columns of `errors_by_cost`. Numbers: usual, sentences, and those of
        `convergence_numbers`.
    """
    setup, usual = from_parameters(Setup, parameters), parameters["usual"]
    parameters = {**parameters, "nodes": sorted({*parameters["nodes"], usual})}
    tables: dict[str, list[pd.DataFrame]] = {"speed": [], "paths": [], "errors": []}
    for name in parameters["encoders"]:
        encoder = SentenceEncoder.load(name)
        paths = interpolation_paths(encoder, setup.sentences, baseline=parameters["baseline"])
        speed = speeds(paths, parameters["grid"])
        by_cell = speed.groupby("position")["speed"].agg(median="median", first="first").reset_index()
        found = {
            "speed": by_cell,
            "paths": pd.DataFrame([describe_path(speed)]),
            "errors": errors_by_cost(encoder, setup, parameters),
        }
        for table, rows in found.items():
            rows.insert(0, "encoder", name)
            tables[table].append(rows)
    whole = {table: pd.concat(rows, ignore_index=True) for table, rows in tables.items()}
    numbers = convergence_numbers(whole["paths"], whole["errors"], usual=usual)
    return Findings({"usual": usual, "sentences": len(setup.sentences), **numbers}, whole)


def with_usual_nodes(errors: pd.DataFrame, usual: int) -> pd.DataFrame:
    """The rows of the rules of quadrature with a number of nodes, and of the default.

    Args:
        errors: the table of `convergence`.
        usual: the number of nodes.
    """
    chosen = (errors["rule"] == "default") | (~errors["rule"].isin(STEPS) & (errors["setting"] == usual))
    return errors[chosen].reset_index(drop=True)


def convergence_numbers(paths: pd.DataFrame, errors: pd.DataFrame, usual: int = 50) -> Numbers:
    """The numbers that prose and claims quote of the tables of `convergence`.

    Args:
        paths, errors: the tables.
        usual: the number of nodes that prose quotes.

    Returns:
        even and uneven, the encoders with the smallest and the largest top speed, and for both the columns of paths,
        such as fastest_uneven. On these two with the usual number of nodes, by rule, and of the default, passes and
        the errors, such as weights_right_riemann_uneven. Over all encoders: pairs, of encoder and rule; close, how many
        have no completeness error above `close_to`; rising, in how many more nodes than before leave a median
        completeness error that is larger, and above `close_to`; most_completeness, most_weights and least_similarity,
        the worst of rules;
        default_completeness, default_weights, default_vectors and default_estimated, the largest of the default;
        reference_estimated; and of steps with the smallest tolerance finest, finest_weights and finest_vectors. Of the
        best rule with the most nodes on the even encoder check_rule, check_nodes and
        check_vectors.
    """
    order = paths.sort_values("fastest", ignore_index=True)
    ends = {"even": order["encoder"].iloc[0], "uneven": order["encoder"].iloc[-1]}
    compared = with_usual_nodes(errors, usual)
    numbers: Numbers = {**ends}
    for end, encoder in ends.items():
        [index] = paths.index[paths["encoder"] == encoder]
        for column in ("fastest", "at", "share"):
            numbers |= cell(paths, column, index, f"{column}_{end}")
        own = compared[compared["encoder"] == encoder].assign(row=lambda table: table["rule"].str.replace("-", "_"))
        columns = ["passes", "weights", "weights_90", "vectors", "similarity", "completeness", "completeness_worst"]
        numbers |= cells(own.assign(row=own["row"] + f"_{end}"), columns, "row")
    steps = errors[errors["rule"] == "steps"]
    finest = steps[steps["setting"] == steps["setting"].min()]
    is_default = compared["rule"] == "default"
    default, rules = compared[is_default], compared[~is_default]
    by_nodes = errors[~errors["rule"].isin(STEPS)].sort_values("setting")
    left = [one["completeness"] for _, one in by_nodes.groupby(["encoder", "rule"])]
    check = by_nodes[by_nodes["encoder"] == ends["even"]]
    check = check[check["setting"] == check["setting"].max()].sort_values("vectors").iloc[0]
    return {
        **numbers,
        "pairs": len(rules),
        "close": int((rules["completeness_worst"] <= CLOSE).sum()),
        "rising": sum(bool(((one.diff() > 0) & (one > CLOSE)).any()) for one in left),
        "close_to": CLOSE,
        "most_completeness": rules["completeness_worst"].max(),
        "most_weights": rules["weights_90"].max(),
        "least_similarity": rules["similarity"].min(),
        "default_completeness": default["completeness_worst"].max(),
        "default_weights": default["weights"].max(),
        "default_vectors": default["vectors"].max(),
        "default_estimated": default["estimated"].max(),
        "reference_estimated": errors.loc[errors["rule"] == "reference", "estimated"].max(),
        "finest": finest["setting"].min(),
        "finest_weights": finest["weights"].max(),
        "finest_vectors": finest["vectors"].max(),
        "check_rule": check["rule"],
        "check_nodes": int(check["setting"]),
        "check_vectors": check["vectors"],
    }

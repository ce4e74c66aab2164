"""The first screen of the book: the figure of the study and three numbers, from the shipped run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from wig_book.build.claims import read_numbers
from wig_book.figures.study import opening as picture_of

START, ENCODER, TEXT = "all-MiniLM-L6-v2", "all-MiniLM-L6-v2", "wikipedia-sample"
ARM = f"{START}_contrastive"
NUMBERS = {  # what each says, the page and the name of the value
    "R² on KL that contrastive training adds, beyond training on permuted pairs": (
        "changes",
        f"r2_difference_{ARM}_sham_pad_kl",
    ),
    "correlation of weight and KL in all-MiniLM-L6-v2 as published": (
        "levels",
        f"correlation_{ENCODER}_{TEXT}_pad_kl",
    ),
    "correlation of weight and article idf in the same encoder": ("levels", f"correlation_{ENCODER}_{TEXT}_pad_idf"),
}


def opening(results: Path) -> str:
    """The MyST source of the figure and the numbers; a remark if the study has not been run.

    Args:
        results: the folder of a run.
    """
    files = [results / f"{page}_quantiles.csv" for page in ("changes", "levels")]
    if not all(file.is_file() for file in files):
        return "The study has not been run here yet: `make book PROFILE=full` runs it.\n"
    figure = picture_of(*(pd.read_csv(file) for file in files))
    rows = "\n".join(f"| **{text}** | {says} |" for says, text in numbers(results).items())
    shown = f"```{{raw}} html\n{figure._repr_html_()}\n```"
    return f"**{finding(results)}**\n\n{shown}\n\n| under [PAD] | |\n| --- | --- |\n{rows}\n"


def finding(results: Path) -> str:
    """What the study finds, in one sentence, by the intervals of R² on KL under both baselines."""
    found = read_numbers(results)["changes"]
    ends = [f"r2_difference_{ARM}_{against}_{one}_kl_low" for against in ("start", "sham") for one in ("mask", "pad")]
    if all(float(found[end]) > 0 for end in ends):
        return (
            "Contrastive training makes a masked encoder give informative words more weight than before, and more than "
            "the same training on pairs dealt anew."
        )
    return (
        "The study does not show that contrastive training makes a masked encoder give informative words more weight."
    )


def numbers(results: Path) -> dict[str, str]:
    """Each number with its 95% interval, by what it says."""
    found = read_numbers(results)
    return {
        says: "{:+.2f} [{:+.2f}, {:+.2f}]".format(*(found[page][value + end] for end in ("", "_low", "_high")))
        for says, (page, value) in NUMBERS.items()
    }

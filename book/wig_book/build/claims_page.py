"""The claims as MyST: the table of the front page, and the page with every rule and number."""

from __future__ import annotations

from collections.abc import Mapping

from wig_book.build.claims import Claim, Measured, Verdict
from wig_book.build.provenance import table

SHOWN = 2  # conditions of a claim in the table
INTRODUCTION = """\
This is a conceptual replication. The book asks the paper's questions with its own code, and with encoders and texts of
its own choice; no cell of the paper's tables has been computed again.

What is measured and the rule of each claim are fixed in `book/protocol.md` and `book/claims.yml` before a run. Each
page of a run records the hashes of both files as it begins. If either file has changed since, the numbers of the page
decide nothing. Numbers from before the protocol are exploratory. A verdict is computed from the numbers of a run:

- *supported*: the conditions of the rule hold. Where a number has an interval, the whole interval is on the right side
  of the bound.
- *contradicted*: an interval, or a number that has none, is wholly on the wrong side.
- *not enough data*: an interval contains the bound. If the claim *failed its check*, the run lacks what the claim is
  about; for example, the training did not improve the encoder.
- *not tested on the paper's models*: the rule is contradicted here, but only the paper's own models can contradict the
  claim.
- *not run*: the run lacks a number that the rule needs.
- *run older than protocol*: the numbers were not made under the present protocol; execute the page again.

A verdict makes no correction for the number of claims; the page of each number says what its interval covers. The
column *full* is the run of the profile `full`, whose numbers are kept in the repository; `make verify` computes them
again and compares."""


def summary(claims: list[Claim], runs: Mapping[str, Measured]) -> str:
    """The tables of the front page, one for each block: a row for each claim, with its verdict in each run.

    Args:
        claims: from `read_claims`.
        runs: what each run measured, by the name of the run. The columns "found" and "tested on" show the last of the
            runs that measured the claim, preferably under the present protocol.
    """
    return "\n\n".join(f"### {block}\n\n{_block_table(listed, runs)}" for block, listed in _blocks(claims).items())


def claims_page(claims: list[Claim], runs: Mapping[str, Measured], pages: Mapping[str, str]) -> str:
    """The MyST source of the page of claims: the rule of each claim, and its numbers and verdict in each run.

    Args:
        claims: from `read_claims`.
        runs: what each run measured, by the name of the run.
        pages: the document of each page, by the short name of the page.
    """
    sections = ["# The claims, one by one", INTRODUCTION]
    for block, listed in _blocks(claims).items():
        sections += [f"## {block}", _block_table(listed, runs)]
        for claim in listed:
            links = ", ".join(f"{{doc}}`{pages[page]}`" for page in claim.pages if page in pages)
            rule = f"**Rule.** {claim.rule}" + (f" See {links}." if links else "")
            rows = [
                [name, _mark(claim.verdict(run)), claim.setting(run), _numbers(claim, run)]
                for name, run in runs.items()
            ]
            sections += [f"### {claim.id}", claim.text, rule, table(["run", "verdict", "tested on", "numbers"], rows)]
    return "\n\n".join(sections) + "\n"


def _blocks(claims: list[Claim]) -> dict[str, list[Claim]]:
    names = dict.fromkeys(claim.block for claim in claims)
    return {name: [claim for claim in claims if claim.block == name] for name in names}


def _block_table(claims: list[Claim], runs: Mapping[str, Measured]) -> str:
    rows = [
        [claim.id, claim.text, *_found(claim, runs), *(_mark(claim.verdict(run)) for run in runs.values())]
        for claim in claims
    ]
    return table(["", "claim or question", "found", "tested on", *runs], rows)


def _found(claim: Claim, runs: Mapping[str, Measured]) -> tuple[str, str]:
    """The first numbers of a claim and what it was tested on, in the last run that measured it."""
    ranks = {Verdict.NOT_RUN: 0, Verdict.OUTDATED: 1}
    name = sorted(runs, key=lambda name: ranks.get(claim.verdict(runs[name]), 2))[-1]
    run = runs[name]
    shown = " <br> ".join(condition.shown(run) for condition in claim.conditions[:SHOWN])
    return f"{shown} ({name})", claim.setting(run)


def _numbers(claim: Claim, run: Measured) -> str:
    checks = [f"check: {check.shown(run)}" for check in claim.informative_if]
    return " <br> ".join([*checks, *(condition.shown(run) for condition in claim.conditions)])


def _mark(verdict: Verdict) -> str:
    decided = verdict in (Verdict.SUPPORTED, Verdict.CONTRADICTED)
    return f"**{verdict.value}**" if decided else verdict.value

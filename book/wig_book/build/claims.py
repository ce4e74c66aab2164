"""Every claim, its rule, and the verdict that the numbers of a run give: read from files, never typed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from wig_book.build.provenance import table
from wig_core.errors import InputError

Numbers = Mapping[str, Mapping[str, float | int | str]]  # of each page, by its short name


NO_BREAK = "\N{NO-BREAK SPACE}"


INTRODUCTION = """\
Each claim has a rule that was written down before the run, in `book/claims.yml`, as conditions on numbers that the
pages write; of C1a, C2a, C2b and C3b some numbers were known by then. A claim *holds* if all its conditions do: the
whole 95% interval on the right side. It *does not hold* if one of them is wholly on the wrong side. Otherwise it is
*undecided*. (C2c needs but one of its conditions.) From C4 on, *it* is that informative words weigh more in a
fine-tuned encoder; whether fine-tuning made them so is C2. This page is computed from the files of numbers of each run;
nothing on it is typed.

The column *full* is the run of the profile `full`, whose numbers are kept in the repository; `make verify` makes them
again and compares."""


class Verdict(Enum):
    """What a run says of a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNDECIDED = "undecided"
    UNTESTED = "not tested"


@dataclass(frozen=True)
class Condition:
    """One condition on a measured number.

    Attributes:
        says: what the number is.
        page: whose numbers it is among, by its short name.
        value: its name there; `low` and `high` those of the ends of its interval, where it has one.
        above, below: what it must surely be; it fails where it surely is not.
        between: two ends; it holds where all of its interval is inside, and fails where none of it is.
        equals: the name of another number that it must equal.
    """

    says: str
    page: str
    value: str
    low: str | None = None
    high: str | None = None
    above: float | None = None
    below: float | None = None
    between: tuple[float, float] | None = None
    equals: str | None = None

    def verdict(self, numbers: Numbers) -> Verdict:
        """What the numbers say; `UNTESTED` where the page has left none of that name."""
        found = [self._number(numbers, name) for name in (self.value, self.low, self.high, self.equals)]
        if None in found:
            return Verdict.UNTESTED
        value, low, high, other = cast("list[float]", found)
        if self.equals is not None:
            return Verdict.HOLDS if value == other else Verdict.FAILS
        below, above = self.between or (
            self.above if self.above is not None else float("-inf"),
            self.below if self.below is not None else float("inf"),
        )
        if below < low and high < above:
            return Verdict.HOLDS
        return Verdict.FAILS if high <= below or low >= above else Verdict.UNDECIDED

    def shown(self, numbers: Numbers) -> str:
        """The number with its interval, and what it is."""
        value, low, high, other = (
            "–" if (number := self._number(numbers, name)) is None else f"{number:.3g}"
            for name in (self.value, self.low, self.high, self.equals)
        )
        text = f"{self.says}: {value}"
        return text + (f" [{low}, {high}]" if self.low else "") + (f" of {other}" if self.equals else "")

    def _number(self, numbers: Numbers, name: str | None) -> float | None:
        """The named number, or None if the page has left none; the value where no name is given."""
        found = numbers.get(self.page, {}).get(name or self.value)
        return float(found) if isinstance(found, float | int) else None


@dataclass(frozen=True)
class Claim:
    """A claim or question of the paper, or a limitation to test.

    Attributes:
        id: as the paper's list has it; a part of one has a letter more.
        text: what is claimed or asked.
        rule: what decides it, in words.
        conditions: the same in numbers.
        needs: "all", it holds if all of them do and does not if one does not; "any", the other way about, untested
            ones left aside.
    """

    id: str
    text: str
    rule: str
    conditions: tuple[Condition, ...]
    needs: Literal["all", "any"] = "all"

    def verdict(self, numbers: Numbers) -> Verdict:
        """What a run says of the whole."""
        found: Sequence[Verdict] = [condition.verdict(numbers) for condition in self.conditions]
        tested = [one for one in found if one is not Verdict.UNTESTED]
        if not tested:
            return Verdict.UNTESTED
        one_decides, all_decide = Verdict.FAILS, Verdict.HOLDS
        if self.needs == "any":
            one_decides, all_decide, found = all_decide, one_decides, tested
        if one_decides in found:
            return one_decides
        return all_decide if all(one is all_decide for one in found) else Verdict.UNDECIDED


def read_claims(path: Path) -> list[Claim]:
    """The claims of a YAML file.

    Raises:
        InputError: it is not what it should be.
    """
    try:
        listed = yaml.safe_load(path.read_text("utf-8"))
        return [Claim(**claim, conditions=tuple(map(_condition, conditions))) for claim, conditions in _parted(listed)]
    except (OSError, yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: is no list of claims ({str(error).splitlines()[0]}); see its first lines") from None


def _parted(listed: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    for one in listed:
        conditions = one.pop("conditions")
        if (needs := one.get("needs", "all")) not in ("all", "any"):
            raise KeyError(f"needs {needs!r}, neither all nor any")
        yield one, conditions


def _condition(given: dict[str, Any]) -> Condition:
    between = given.pop("between", None)
    condition = Condition(**given, between=tuple(between) if between else None)
    if [condition.above, condition.below, condition.between, condition.equals] == [None] * 4:
        raise KeyError(f"{condition.says!r} asks for nothing")
    return condition


def read_numbers(folder: Path) -> dict[str, dict[str, float | int | str]]:
    """The numbers that the pages of a run have left in a folder, by page."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def summary(claims: list[Claim], runs: Mapping[str, Numbers]) -> str:
    """A short table for the front page: each claim, and its verdict in each run."""
    rows = [[claim.id, claim.text, *(_mark(claim.verdict(numbers)) for numbers in runs.values())] for claim in claims]
    return table(["", "claim or question", *runs], rows)


def claims_page(claims: list[Claim], runs: Mapping[str, Numbers], pages: Mapping[str, str]) -> str:
    """The source of the page of claims: rules, numbers and verdicts of each run.

    Args:
        claims: from `read_claims`.
        runs: the numbers of each run, by its name.
        pages: of each page's short name the document to link to.
    """
    sections = [
        "# The claims, one by one",
        INTRODUCTION,
        summary(claims, runs),
    ]
    for claim in claims:
        links = dict.fromkeys(pages[condition.page] for condition in claim.conditions if condition.page in pages)
        rows = [
            [
                name,
                _mark(claim.verdict(numbers)),
                " <br> ".join(condition.shown(numbers) for condition in claim.conditions),
            ]
            for name, numbers in runs.items()
        ]
        seen = ", ".join(f"{{doc}}`{link}`" for link in links)
        sections += [
            f"## {claim.id}",
            f"{claim.text}\n\n**Rule.** {claim.rule} See {seen}.",
            table(["run", "verdict", "numbers"], rows),
        ]
    return "\n\n".join(sections) + "\n"


def _mark(verdict: Verdict) -> str:
    told = verdict.value.replace(" ", NO_BREAK)
    return f"**{told}**" if verdict in (Verdict.HOLDS, Verdict.FAILS) else told

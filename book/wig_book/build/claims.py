"""Every claim, its rule, and the verdict by the numbers of a run: read from files, never typed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import yaml

from wig_book.build.provenance import table
from wig_core.errors import InputError

Numbers = Mapping[str, Mapping[str, float | int | str]]  # of each page, by its short name
NO_BREAK = "\N{NO-BREAK SPACE}"
INTRODUCTION = """\
Each claim has a rule in `book/claims.yml`, as conditions on numbers that the pages write. The rules were written after
first results of several pages were known, so a verdict is not a pre-registered test. A claim *holds* if all its
conditions do, that is, if each 95% interval is on the right side. It *does not hold* if one of them is wholly on the
wrong side. Otherwise it is *undecided*. (For C2c one condition suffices.) From C4 on, *it* means that informative words
weigh more in a fine-tuned encoder; whether fine-tuning is the cause is the subject of C2. This page is computed from
the files of numbers of each run; nothing on it is typed.

The column *full* is the run of the profile `full`, whose numbers are kept in the repository; `make verify` computes
them again and compares."""


class Verdict(Enum):
    """The outcome of a claim in a run."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNDECIDED = "undecided"
    UNTESTED = "not tested"


@dataclass(frozen=True)
class Condition:
    """One condition on a measured number. Where the page also wrote `<value>_low` and `<value>_high`, the whole 95%
    interval decides; otherwise the number itself.

    Attributes:
        says: what the number is.
        page: the short name of the page that writes it.
        value: its name there.
        above, below: a bound that the interval must respect; the condition fails if the interval lies beyond it.
        between: two bounds; the condition holds if the interval is inside and fails if it is wholly outside.
        equals: the name of another number of the page that it must equal.
    """

    says: str
    page: str
    value: str
    above: float | None = None
    below: float | None = None
    between: tuple[float, float] | None = None
    equals: str | None = None

    def verdict(self, numbers: Numbers) -> Verdict:
        """The verdict by the numbers; `UNTESTED` if the page did not write the value or what it must equal."""
        value, other = self._number(numbers, self.value), self._number(numbers, self.equals or self.value)
        if value is None or other is None:
            return Verdict.UNTESTED
        if self.equals is not None:
            return Verdict.HOLDS if value == other else Verdict.FAILS
        low, high = self._interval(numbers) or (value, value)
        lower, upper = self.between or (
            self.above if self.above is not None else float("-inf"),
            self.below if self.below is not None else float("inf"),
        )
        if lower < low and high < upper:
            return Verdict.HOLDS
        return Verdict.FAILS if high <= lower or low >= upper else Verdict.UNDECIDED

    def shown(self, numbers: Numbers) -> str:
        """The number with its interval, behind what it is."""
        text = f"{self.says}: {_text(self._number(numbers, self.value))}"
        if interval := self._interval(numbers):
            text += f" [{_text(interval[0])}, {_text(interval[1])}]"
        return text + (f" of {_text(self._number(numbers, self.equals))}" if self.equals else "")

    def _interval(self, numbers: Numbers) -> tuple[float, float] | None:
        low, high = (self._number(numbers, f"{self.value}_{end}") for end in ("low", "high"))
        return None if low is None or high is None else (low, high)

    def _number(self, numbers: Numbers, name: str) -> float | None:
        found = numbers.get(self.page, {}).get(name)
        return float(found) if isinstance(found, float | int) else None


def _text(number: float | None) -> str:
    return "–" if number is None else f"{number:.3g}"


@dataclass(frozen=True)
class Claim:
    """A claim or question of the paper, or a limitation to test.

    Attributes:
        id: such as "C2"; a part of a claim has a letter behind it.
        text: what is claimed or asked.
        rule: what decides it, in words.
        conditions: the same as conditions on numbers.
        needs: "all": it holds if all conditions do, and does not hold if one does not. "any": it holds if one condition
            does, and does not hold if no tested condition does.
    """

    id: str
    text: str
    rule: str
    conditions: tuple[Condition, ...]
    needs: Literal["all", "any"] = "all"

    def verdict(self, numbers: Numbers) -> Verdict:
        """The verdict by the numbers of a run."""
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
    """Read the claims of a YAML file.

    Raises:
        InputError: the file cannot be read, or is no list of claims.
    """
    try:
        listed = yaml.safe_load(path.read_text("utf-8"))
        return [Claim(**claim, conditions=tuple(map(_condition, conditions))) for claim, conditions in _parted(listed)]
    except (OSError, yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{path}: is no list of claims ({str(error).splitlines()[0]}); its first lines describe the format"
        ) from None


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
        raise KeyError(f"{condition.says!r} has none of above, below, between and equals")
    return condition


def read_numbers(folder: Path) -> dict[str, dict[str, float | int | str]]:
    """The numbers that the pages of a run wrote to a folder, by the short name of the page."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def summary(claims: list[Claim], runs: Mapping[str, Numbers]) -> str:
    """The table of the front page: one row per claim, with its verdict in each run."""
    rows = [[claim.id, claim.text, *(_mark(claim.verdict(numbers)) for numbers in runs.values())] for claim in claims]
    return table(["", "claim or question", *runs], rows)


def claims_page(claims: list[Claim], runs: Mapping[str, Numbers], pages: Mapping[str, str]) -> str:
    """The MyST source of the page of claims: the rule of each claim, and its numbers and verdict in each run.

    Args:
        claims: from `read_claims`.
        runs: the numbers of each run, by the name of the run.
        pages: the document of each page, by the short name of the page.
    """
    sections = ["# The claims, one by one", INTRODUCTION, summary(claims, runs)]
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
        shown = ", ".join(f"{{doc}}`{link}`" for link in links)
        sections += [
            f"## {claim.id}",
            f"{claim.text}\n\n**Rule.** {claim.rule} See {shown}.",
            table(["run", "verdict", "numbers"], rows),
        ]
    return "\n\n".join(sections) + "\n"


def _mark(verdict: Verdict) -> str:
    word = verdict.value.replace(" ", NO_BREAK)
    return f"**{word}**" if verdict in (Verdict.HOLDS, Verdict.FAILS) else word

"""Every claim, its rule, and the verdict that the numbers of a run give: read from files, never typed."""

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
    """What a run says of a claim."""

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
        """What the numbers say; `UNTESTED` if the page wrote none of that name."""
        value, low, high = (self._number(numbers, self.value + end) for end in ("", "_low", "_high"))
        other = self._number(numbers, self.equals or self.value)
        if value is None or low is None or high is None or other is None:
            return Verdict.UNTESTED
        if self.equals is not None:
            return Verdict.HOLDS if value == other else Verdict.FAILS
        lower, upper = self.between or (
            self.above if self.above is not None else float("-inf"),
            self.below if self.below is not None else float("inf"),
        )
        if lower < low and high < upper:
            return Verdict.HOLDS
        return Verdict.FAILS if high <= lower or low >= upper else Verdict.UNDECIDED

    def shown(self, numbers: Numbers) -> str:
        """The number with its interval, and what it is."""
        text = f"{self.says}: {self._text(numbers, self.value)}"
        if f"{self.value}_low" in numbers.get(self.page, {}):
            text += f" [{self._text(numbers, f'{self.value}_low')}, {self._text(numbers, f'{self.value}_high')}]"
        return text + (f" of {self._text(numbers, self.equals)}" if self.equals else "")

    def _text(self, numbers: Numbers, name: str) -> str:
        number = self._number(numbers, name)
        return "–" if number is None else f"{number:.3g}"

    def _number(self, numbers: Numbers, name: str) -> float | None:
        """The named number; the value itself for an end of an interval that the page does not have; else None."""
        known = numbers.get(self.page, {})
        found = known.get(name, known.get(self.value) if name.startswith(self.value) else None)
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
    word = verdict.value.replace(" ", NO_BREAK)
    return f"**{word}**" if verdict in (Verdict.HOLDS, Verdict.FAILS) else word

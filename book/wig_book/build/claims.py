"""Every claim, its rule, and the verdict by the numbers of a run: read from files, never typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from enum import Enum
from pathlib import Path
from typing import Any, Literal

from wig_book.build.protocol import outdated
from wig_book.build.values import mapping, read_yaml
from wig_core.errors import InputError, did_you_mean

Number = int | float


class Verdict(Enum):
    """The outcome of a claim in a run."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    OPEN = "not enough data"
    UNINFORMATIVE = "not enough data (failed its check)"
    UNTESTED = "not tested on the paper's models"
    NOT_RUN = "not run"
    OUTDATED = "run older than protocol"


@dataclass(frozen=True)
class Measured:
    """What a run measured.

    Attributes:
        numbers: the numbers of each page, by its short name.
        outdated: the pages among these that were not made under the present protocol.
        papers_models: whether the run is on the paper's own models.
    """

    numbers: Mapping[str, Mapping[str, Number | str]]
    outdated: Collection[str] = ()
    papers_models: bool = False

    def number(self, page: str, name: str) -> Number | None:
        """A number of a page, or None if the page did not write it."""
        found = self.numbers.get(page, {}).get(name)
        return found if isinstance(found, int | float) else None


@dataclass(frozen=True)
class Condition:
    """One condition on a number, with exactly one bound. Where the page also wrote `<value>_low` and `<value>_high`,
    the whole interval decides; otherwise the number itself.

    Attributes:
        says: what the number is.
        page: the short name of the page that writes it.
        value: its name there.
        above, below: supported beyond this bound, and contradicted if wholly on its other side.
        between: supported inside these two bounds, and contradicted if wholly outside.
    """

    says: str
    page: str
    value: str
    above: Number | None = None
    below: Number | None = None
    between: tuple[Number, Number] | None = None

    def verdict(self, run: Measured) -> Verdict:
        """One of `SUPPORTED`, `CONTRADICTED`, `OPEN` and, if the run has no such number, `NOT_RUN`."""
        if (value := run.number(self.page, self.value)) is None:
            return Verdict.NOT_RUN
        low, high = self._interval(run) or (value, value)
        lower, upper = self.between or (
            self.above if self.above is not None else float("-inf"),
            self.below if self.below is not None else float("inf"),
        )
        if lower < low and high < upper:
            return Verdict.SUPPORTED
        return Verdict.CONTRADICTED if high <= lower or low >= upper else Verdict.OPEN

    def shown(self, run: Measured) -> str:
        """The number with its interval, behind what it is."""
        text = f"{self.says}: {_text(run.number(self.page, self.value))}"
        interval = self._interval(run)
        return f"{text} [{', '.join(map(_text, interval))}]" if interval else text

    def _interval(self, run: Measured) -> tuple[Number, Number] | None:
        low, high = (run.number(self.page, f"{self.value}_{end}") for end in ("low", "high"))
        return None if low is None or high is None else (low, high)


def _text(number: Number | None) -> str:
    return "–" if number is None else f"{number:.3g}".replace("-", "−")


@dataclass(frozen=True)
class Claim:
    """A claim or question of the paper, or a limitation to test.

    Attributes:
        id: such as "C2"; a part of a claim has a letter behind it.
        block: the question under which it is listed.
        text: what is claimed or asked.
        rule: what decides it, in words.
        tested_on: encoders, texts, seeds and words; "{seeds}" stands for the number of that name that the page of the
            first condition writes.
        conditions: the rule as conditions on numbers.
        informative_if: conditions without which the claim cannot be judged, such as that a training worked.
        needs: "all": it is supported if all conditions are, and contradicted if one is. "any": it is supported if one
            is, and contradicted if all are.
        paper_only: whether only the paper's own models can contradict it.
    """

    id: str
    block: str
    text: str
    rule: str
    tested_on: str
    conditions: tuple[Condition, ...]
    informative_if: tuple[Condition, ...] = ()
    needs: Literal["all", "any"] = "all"
    paper_only: bool = False

    @property
    def pages(self) -> list[str]:
        """The short names of the pages whose numbers decide it."""
        return list(dict.fromkeys(one.page for one in (*self.conditions, *self.informative_if)))

    def verdict(self, run: Measured) -> Verdict:
        """The verdict by the numbers of a run."""
        if any(page in run.outdated for page in self.pages):
            return Verdict.OUTDATED
        checks = {check.verdict(run) for check in self.informative_if} - {Verdict.SUPPORTED}
        if checks:
            return Verdict.NOT_RUN if Verdict.NOT_RUN in checks else Verdict.UNINFORMATIVE
        found = self._by_conditions(run)
        is_elsewhere = found is Verdict.CONTRADICTED and self.paper_only and not run.papers_models
        return Verdict.UNTESTED if is_elsewhere else found

    def _by_conditions(self, run: Measured) -> Verdict:
        found = [condition.verdict(run) for condition in self.conditions]
        one_decides, all_decide = Verdict.CONTRADICTED, Verdict.SUPPORTED
        if self.needs == "any":
            one_decides, all_decide = all_decide, one_decides
        if one_decides in found:
            return one_decides
        if all(one is all_decide for one in found):
            return all_decide
        return Verdict.NOT_RUN if Verdict.NOT_RUN in found else Verdict.OPEN

    def setting(self, run: Measured) -> str:
        """What it was tested on, with the numbers of a run; one that is missing is shown as –.

        Raises:
            InputError: `tested_on` is no format.
        """
        try:
            return self.tested_on.format_map(_Facts(run.numbers.get(self.conditions[0].page, {})))
        except (ValueError, AttributeError, LookupError, TypeError) as error:
            raise InputError(f"claim {self.id}: tested_on is no text with names in braces: {error}") from None


class _Facts(dict[str, Any]):
    """What a page wrote; whatever it did not write is shown as a dash."""

    def __missing__(self, name: str) -> _Dash:
        return _Dash()


class _Dash:
    def __format__(self, specification: str) -> str:
        return "–"


def read_claims(path: Path) -> list[Claim]:
    """Read a file of claims, such as `book/claims.yml`.

    Returns:
        The claims under `claims`, in the order of the blocks under `blocks`, each with the title of its block.

    Raises:
        InputError: the file cannot be read; or an entry has an unknown key, lacks one, or has an unsuitable value.
    """
    content = read_yaml(path)
    if content.keys() != {"blocks", "claims"} or not isinstance(content["claims"], list):
        raise InputError(f"{path}: needs two keys: blocks, with a title for each, and claims, a list")
    blocks = mapping(content["blocks"], f"{path}: blocks")
    claims = [_claim(given, number, path) for number, given in enumerate(content["claims"], 1)]
    for claim in claims:
        if sum(claim.id == other.id for other in claims) > 1:
            raise InputError(f"{path}: claim {claim.id}: two claims have this id; give each its own")
        if claim.block not in blocks:
            raise InputError(f"{path}: claim {claim.id}: block {claim.block!r} has no title; add it to blocks")
    return [
        replace(claim, block=str(title)) for block, title in blocks.items() for claim in claims if claim.block == block
    ]


def _claim(given: Any, number: int, path: Path) -> Claim:
    where = f"{path}: claim {given.get('id', number) if isinstance(given, dict) else number}"
    content = _checked(Claim, given, where)
    for name in {"conditions", "informative_if"} & content.keys():
        content[name] = tuple(_condition(one, f"{where}, {name} {n}") for n, one in enumerate(content[name], 1))
    claim = Claim(**content)
    try:
        claim.setting(Measured({}))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return claim


def _condition(given: Any, where: str) -> Condition:
    content = _checked(Condition, given, where)
    if len({"above", "below", "between"} & content.keys()) != 1:
        raise InputError(f"{where}: needs exactly one of above, below and between")
    if "between" in content:
        content["between"] = tuple(content["between"])
    return Condition(**content)


def _checked(kind: type, given: Any, where: str) -> dict[str, Any]:
    """The entry, if its keys are those of a dataclass and each value is what `WANTED` says, or else a text."""
    content, known = mapping(given, where), {field.name: field for field in fields(kind)}
    for name, value in content.items():
        if name not in known:
            raise InputError(
                f"{where}: unknown key {name!r}{did_you_mean(name, known)}; its keys are {', '.join(known)}"
            )
        wanted, fits = WANTED.get(name, ("a text", lambda value: isinstance(value, str) and value))
        if not fits(value):
            raise InputError(f"{where}: {name} must be {wanted}, not {value!r:.100}")
    for name, field in known.items():
        if field.default is MISSING and name not in content:
            raise InputError(f"{where}: has no {name}; add it")
    return content


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_bounds(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) and value[0] < value[1]


WANTED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "above": ("a number", _is_number),
    "below": ("a number", _is_number),
    "between": ("two numbers, the smaller one first", _are_bounds),
    "conditions": ("a list of conditions", lambda value: isinstance(value, list) and value),
    "informative_if": ("a list of conditions", lambda value: isinstance(value, list) and value),
    "needs": ("all or any", lambda value: value in ("all", "any")),
    "paper_only": ("true or false", lambda value: isinstance(value, bool)),
}


def read_run(root: Path, results: str, pages: Collection[str] | None = None) -> Measured:
    """What the pages of a run wrote to a folder.

    Args:
        root: the project.
        results: the folder, relative to the root; that of the profile paper is named `paper`.
        pages: the short names of the pages to read; by default all.
    """
    folder = root / results
    numbers = {page: found for page, found in read_numbers(folder).items() if pages is None or page in pages}
    return Measured(numbers, outdated(root, folder, {*numbers}), folder.name == "paper")


def read_numbers(folder: Path) -> dict[str, dict[str, Number | str]]:
    """The numbers that the pages of a run wrote to a folder, by the short name of the page."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}

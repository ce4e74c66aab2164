"""Compare a fresh run with the numbers that the repository ships."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wig_book.build.execute import build_lock, execute_pages
from wig_book.build.kernel import BuildError
from wig_book.build.pages import Profile, Project
from wig_book.build.progress import Progress
from wig_book.build.run import Run
from wig_core.errors import InputError

RELATIVE, ABSOLUTE = 0.05, 0.02  # differences that another processor's arithmetic can make, after training too


@dataclass(frozen=True)
class Difference:
    """A number that differs by more than the tolerance."""

    page: str
    name: str
    shipped: object
    found: object

    def __str__(self) -> str:
        return f"  {self.page}: {self.name} is {self.found}, shipped {self.shipped}"


def verify(
    project: Project,
    profile: Profile,
    progress: Progress,
    names: Sequence[str] = (),
    *,
    jobs: int | None = None,
) -> int:
    """Execute the pages of a profile that have shipped numbers again, and compare the new numbers with these.

    Args:
        project: where `results/<profile>` is; the new numbers go to `results/<profile>-again`.
        profile: the values that the pages take.
        progress: shows how far it is.
        names: pages to compare; by default all that have shipped numbers.
        jobs: how many pages to execute at a time; see `execute_pages`.

    Returns:
        How many numbers agree.

    Raises:
        InputError: there are no shipped numbers for the profile, or a page was given values that it cannot use.
        BuildError: numbers differ by more than 5% and 0.02, or are missing; or a page failed.
    """
    shipped = project.root / "results" / profile.name
    asked = [project.page(name) for name in names] or profile.pages
    pages = [page for page in asked if (shipped / f"{page.short}.json").is_file()]
    if not pages:
        raise InputError(f"{shipped}: has no numbers to compare with; use the profile full")
    runs = [replace(Run.of(project.root, page, profile), for_comparison=True) for page in pages]
    compared, faults = 0, []
    with build_lock(project.root, progress):
        execute_pages(runs, progress, jobs=jobs)
        for run in runs:
            name = f"{run.page.short}.json"
            old, new = _read(shipped / name), _read(project.root / run.results / name)
            compared += len(old)
            faults += list(differences(run.page.short, old, new))
    if faults:
        raise BuildError("\n".join([f"{len(faults)} of {compared} numbers differ", *map(str, faults)]))
    return compared


def differences(page: str, shipped: dict[str, object], found: dict[str, object]) -> Iterator[Difference]:
    """The numbers and words of a page that a fresh run does not reproduce.

    Example:
        >>> [str(one) for one in differences("a", {"x": 1.0, "n": 3}, {"x": 1.04, "n": 4})]
        ['  a: n is 4, shipped 3']
    """
    for name, old in shipped.items():
        new = found.get(name)
        if isinstance(old, float) and isinstance(new, float | int):
            same = abs(new - old) <= max(ABSOLUTE, RELATIVE * abs(old)) or (old != old and new != new)
        else:
            same = new == old
        if not same:
            yield Difference(page, name, old, new)


def _read(path: Path) -> dict[str, object]:
    return json.loads(path.read_text("utf-8"))

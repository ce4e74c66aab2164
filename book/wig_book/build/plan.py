"""Estimate what `make book` needs before anything is done: downloads, work, time, memory and disk space.

Work that several pages share, because the cache keeps it, is counted for the first of them.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
import yaml

from wig_book import units
from wig_book.build.downloads import Download, Hub
from wig_book.build.dry_run import DryRun, PagePlan
from wig_book.build.progress import Progress
from wig_book.build.run import Run
from wig_core.cache import cache_dir

PAGE_SECONDS = 15.0  # to start a kernel, import, count, resample and draw
UTILISATION = 0.5  # the share of the speed of large matrix products that pages reach, about
PROCESS_BYTES, SENTENCE_BYTES = 1.5e9, 600.0  # Python with its libraries; a sentence of a corpus, with its counts


@dataclass(frozen=True)
class Resource:
    """Bytes of memory or disk space that are needed and free, and what helps if they do not suffice."""

    name: str
    needed: float
    free: float
    remedy: str


@dataclass(frozen=True)
class Plan:
    """What pages need.

    Attributes:
        pages: one plan per page.
        downloads: the models and data sets of the hub.
        packaged: the names of encoders and corpora that need no download.
        device: what pages compute on.
        rate: operations per second, measured.
        resources: memory and disks.
    """

    pages: list[PagePlan]
    downloads: list[Download]
    packaged: list[str]
    device: str
    rate: float
    resources: list[Resource]

    def totals(self) -> dict[str, float]:
        """The sums over pages and downloads."""
        names = ("steps", "operations", "seconds")
        return {
            **{name: sum(getattr(page, name) for page in self.pages) for name in names},
            "bytes": sum(one.size or 0 for one in self.downloads),
            "bytes_cached": sum(one.cached for one in self.downloads),
            "downloads_of_unknown_size": sum(one.size is None for one in self.downloads),
        }

    def warnings(self) -> list[str]:
        """One line for each resource that does not suffice."""
        return [
            f"warning: {one.name}: about {units.size(one.needed)} are needed, {units.size(one.free)} are free; "
            f"{one.remedy}"
            for one in self.resources
            if one.needed > one.free
        ]

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return asdict(self) | {"totals": self.totals(), "warnings": self.warnings()}


def plan(runs: Sequence[Run], progress: Progress) -> Plan:
    """Estimate what pages need, by a dry run of those that are not current; nothing is fetched.

    A page takes as long as when it was last executed with the same values; the time of any other page is guessed from
    its operations and the speed of this machine.

    Args:
        runs: the pages, in the order in which they are executed.
        progress: shows which page's needs are being found.

    Raises:
        InputError: a value that a page cannot use, or an unknown corpus or encoder.
    """
    hub, rate, pages = Hub(), measured_rate(), []
    dry_run = DryRun(hub)
    with progress.task("plan") as task:
        for run in runs:
            task.show(run.page.name)
            if run.is_current():
                pages.append(PagePlan(run.page.name, is_current=True))
                continue
            page = dry_run.ask(run)
            page.seconds = _last_seconds(run) or PAGE_SECONDS + page.operations / rate
            pages.append(page)
    found = {name: hub.model(name) for page in pages for name in page.encoders}
    found |= {name: hub.data_set(name) for page in pages for name in page.corpora}
    downloads = list({one.name: one for one in found.values() if one}.values())
    return Plan(
        pages=pages,
        downloads=downloads,
        packaged=[name for name, one in found.items() if one is None],
        device=device(),
        rate=rate,
        resources=[
            *_memory(max(page.memory for page in pages), max(dry_run.sizes.values(), default=0)),
            _disk(sum(one.missing for one in downloads) + sum(page.disk for page in pages)),
        ],
    )


def device() -> str:
    """What pages compute on."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"the processor (threads: {torch.get_num_threads()})"


def measured_rate(seconds: float = 0.5) -> float:
    """The operations per second that pages can be expected to reach, from large matrix products."""
    place = "cuda" if torch.cuda.is_available() else "cpu"
    left, right = torch.ones(1024, 768, device=place), torch.ones(768, 3072, device=place)
    best, began = 0.0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        start = time.perf_counter()
        (left @ right)[0, 0].item()  # waits for the product
        best = max(best, 2 * left.numel() * right.shape[1] / (time.perf_counter() - start))
    return UTILISATION * best


def _last_seconds(run: Run) -> float | None:
    """How long the page took when it was last executed with these values."""
    if record := run.record():
        return record["seconds"]
    path = run.root / run.results / f"{run.page.short}.provenance.yml"
    made = yaml.safe_load(path.read_text("utf-8")) if path.is_file() else {}
    return made["seconds"] if made.get("parameters") == run.values else None


def _memory(step: float, sentences: int) -> list[Resource]:
    """The memory for the largest step, with the largest corpus in memory."""
    process = PROCESS_BYTES + SENTENCE_BYTES * sentences
    free = psutil.virtual_memory().available
    remedy = "close other programs, or lower batch_size and max_sentences"
    if not torch.cuda.is_available():
        return [Resource("memory", process + step, free, remedy)]
    return [
        Resource("memory", process, free, remedy),
        Resource("memory of the GPU", step, torch.cuda.mem_get_info()[0], "lower batch_size"),
    ]


def _disk(needed: float) -> Resource:
    """The space for downloads and trained encoders, on the fuller of the two disks."""
    from huggingface_hub import constants

    caches = [Path(constants.HF_HUB_CACHE), cache_dir("")]
    folders = [next(place for place in (cache, *cache.absolute().parents) if place.exists()) for cache in caches]
    free = min(shutil.disk_usage(folder).free for folder in folders)
    return Resource("disk", needed, free, "free some space, or set HF_HOME and WIG_CACHE to other folders")


def as_text(plan: Plan) -> str:
    """The plan as aligned tables."""
    head = ["page", "encoders", "corpora", "steps", "operations", "memory", "time", "state"]
    rows = [_row(page) for page in plan.pages]
    blocks = [_aligned([head, *rows], right=range(1, len(head) - 1))]
    for kind in ("model", "data set"):
        some = [one for one in plan.downloads if one.kind == kind]
        blocks += [f"{kind}s of the hub\n{_aligned([_downloaded(one) for one in some], right=[1])}"] if some else []
    return "\n\n".join([*blocks, _aligned(list(_summary(plan).items()), right=[]), *plan.warnings()])


def _row(page: PagePlan) -> list[str]:
    if page.is_current:
        return [page.page, *[""] * 6, "current"]
    return [
        page.page,
        *(units.count(number) for number in (len(page.encoders), len(page.corpora), page.steps)),
        units.operations(page.operations) if page.operations else "0",
        units.size(page.memory) if page.memory else "0",
        units.duration(page.seconds),
        "to do",
    ]


def _downloaded(one: Download) -> list[str]:
    if one.size is None:
        return [f"  {one.name}", "", one.note]
    state = "in the cache" if not one.missing else f"{units.size(one.missing)} to fetch" if one.cached else "to fetch"
    return [f"  {one.name}", units.size(one.size), "; ".join(filter(None, (state, one.note)))]


def _summary(plan: Plan) -> dict[str, str]:
    totals = plan.totals()
    unknown = totals["downloads_of_unknown_size"]
    more = f", and {unknown} of unknown size" if unknown else ""
    time = f"about {units.duration(totals['seconds'])}, one page at a time on {plan.device}"
    return {
        "packaged": ", ".join(plan.packaged) or "nothing",
        "downloads": f"{units.size(totals['bytes'])}, {units.size(totals['bytes_cached'])} of them in the cache{more}",
        "work": f"{units.count(totals['steps'])} steps of training, {units.operations(totals['operations'])} in all",
        "time": "none; all pages are current" if all(page.is_current for page in plan.pages) else time,
        **{one.name: f"about {units.size(one.needed)}, {units.size(one.free)} are free" for one in plan.resources},
    }


def _aligned(rows: Sequence[Sequence[str]], right: Collection[int]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) if i in right else cell.ljust(width)
                  for i, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows
    )  # fmt: skip

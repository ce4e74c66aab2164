"""What `make book` will need, before any of it is done: downloads, work, time and memory.

All of it is an estimate. Work that several pages share, which the cache keeps, is counted on the first of them.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
import torch

from wig_book.build.calibration import COUNTING, TRAINING, Rates, calibrate, device
from wig_book.build.cost import Shape, size_of
from wig_book.build.demand import Demand, Job, Training, Weighing, demand_of, start_of
from wig_book.build.downloads import Download, Hub
from wig_book.build.kept import Kept
from wig_book.build.progress import Progress
from wig_book.build.run import Run
from wig_core.cache import cache_dir
from wig_core.encoders.registry import with_pooling

PAGE_SECONDS = 15.0  # to start a kernel, import, resample and draw


PROCESS, PER_SENTENCE = 1.5e9, 600.0  # bytes: Python with its libraries; a sentence of a corpus, with what is counted


BATCH = 3 * 96 * 2**20  # bytes: a third of it is what attribution allows itself for a batch


COPIES = 5  # of the weights while training: those at the start, the student's, its gradients, two of the optimiser


UNITS = {"EFLOP": 1e18, "PFLOP": 1e15, "TFLOP": 1e12}


@dataclass(frozen=True)
class Line:
    """What one page needs; one that is done needs nothing.

    Attributes:
        page: its name.
        state: "done", "to do", or how much of its training and attribution the cache has.
        encoders, corpora: the names of those that it loads.
        sentences: how many times a sentence is attributed.
        steps: of training.
        passes: forward passes of a sentence, or what costs as much.
        operations: multiplications and additions, by the kind of work that a calibration times.
        counted: sentences whose words are counted.
        seconds: None without a calibration.
    """

    page: str
    state: str = "done"
    encoders: list[str] = field(default_factory=list)
    corpora: list[str] = field(default_factory=list)
    sentences: int = 0
    steps: int = 0
    passes: float = 0.0
    operations: dict[str, float] = field(default_factory=dict)
    counted: int = 0
    seconds: float | None = None


@dataclass(frozen=True)
class Room:
    """Bytes of a kind of memory that are needed and free, and what helps where they do not suffice."""

    name: str
    needed: float
    free: float
    remedy: str


@dataclass(frozen=True)
class Plan:
    """What pages need.

    Attributes:
        lines: one a page.
        downloads: of the hub's models and data sets.
        packaged: names of encoders and corpora that need no download.
        device: what pages compute on.
        rates: what the calibration has measured; empty without one.
        rooms: memory and disks.
    """

    lines: list[Line]
    downloads: list[Download]
    packaged: list[str]
    device: str
    rates: Rates
    rooms: list[Room]

    def totals(self) -> dict[str, float | None]:
        """The sums over pages and over downloads; seconds are None without a calibration."""
        known = [one for one in self.downloads if one.size is not None]
        return {
            "sentences": sum(line.sentences for line in self.lines),
            "steps": sum(line.steps for line in self.lines),
            "passes": sum(line.passes for line in self.lines),
            "operations": sum(sum(line.operations.values()) for line in self.lines),
            "seconds": sum(line.seconds or 0 for line in self.lines) if self.rates else None,
            "bytes": sum(one.size or 0 for one in known),
            "bytes_cached": sum(one.cached for one in known),
            "downloads_of_unknown_size": len(self.downloads) - len(known),
        }

    def warnings(self) -> list[str]:
        """What is too small, a line each."""
        return [
            f"warning: {room.name}: about {gigabytes(room.needed)} are needed, {gigabytes(room.free)} are free; "
            f"{room.remedy}"
            for room in self.rooms
            if room.needed > room.free
        ]

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return asdict(self) | {"totals": self.totals(), "warnings": self.warnings()}


def plan(runs: Sequence[Run], progress: Progress, *, calibrated: bool = True) -> Plan:
    """What pages need; nothing is fetched, and nothing done but a calibration of about ten seconds.

    Raises:
        InputError: a parameter that a page will not take, or a corpus or encoder that there is not.
    """
    progress.title = "plan"
    progress.show("what pages ask for")
    demands = {run.page.name: demand_of(run.page.short, run.values) for run in runs if not run.is_current()}
    hub = Hub()
    encoders = dict.fromkeys(name for demand in demands.values() for name in demand.encoders)
    corpora = dict.fromkeys(name for demand in demands.values() for name in demand.corpora)
    found = {name: hub.model(name) for name in encoders} | {name: hub.data_set(name) for name in corpora}
    shapes = {name: hub.shape(name) or Shape() for name in encoders}
    here = {name for name, one in found.items() if one is None or (one.size is not None and not one.missing)}
    progress.show("what the cache has")
    kept = Kept(here)
    todo = _shared_out({page: [job for job in demand.jobs if job not in kept] for page, demand in demands.items()})
    costs = _Costs(shapes, [job for jobs in todo.values() for job in jobs])
    if calibrated and demands:
        progress.show("calibration, about ten seconds")
        costs.rates = calibrate(costs.main_shape, sorted({*map(_kind, costs.jobs), COUNTING}))
    progress.write("")  # in place of what was shown
    lines = [
        costs.line(page, demands[page], todo[page], kept) if page in demands else Line(page)
        for page in (run.page.name for run in runs)
    ]
    downloads = list({one.name: one for one in found.values() if one}.values())
    return Plan(
        lines=lines,
        downloads=downloads,
        packaged=[name for name, one in found.items() if one is None],
        device=device(),
        rates=costs.rates,
        rooms=[
            *costs.memory(max(map(size_of, corpora), default=0)),
            *costs.disks(sum(one.missing for one in downloads)),
        ],
    )


def _shared_out(jobs: Mapping[str, list[Job]]) -> dict[str, list[Job]]:
    """The jobs of pages, each on the first page that asks for it."""
    seen: set[Job] = set()
    shared = {}
    for page, some in jobs.items():
        shared[page] = [job for job in some if job not in seen]
        seen.update(some)
    return shared


def _kind(job: Job) -> str:
    """The kind of work, as a calibration times it."""
    if isinstance(job, Training):
        return TRAINING
    return job.attribution.precision if isinstance(job, Weighing) else "float32"


@dataclass
class _Costs:
    """What jobs cost, with the sizes of the encoders that they begin with, by name, and the machine's speed."""

    shapes: Mapping[str, Shape]
    jobs: list[Job]
    rates: Rates = field(default_factory=dict)

    def shape(self, job: Job) -> Shape:
        return self.shapes[with_pooling(start_of(job.encoder))[0]]

    @property
    def main_shape(self) -> Shape:
        """The sizes of the encoders that most of the work is for."""
        sums = dict.fromkeys(self.shapes.values(), 0.0)
        for job in self.jobs:
            sums[self.shape(job)] += self.shape(job).operations(job.passes())
        return max(sums, key=sums.__getitem__, default=Shape())

    def line(self, page: str, demand: Demand, todo: list[Job], kept: Kept) -> Line:
        """What a page needs."""
        operations: dict[str, float] = {}
        for job in todo:
            operations[_kind(job)] = operations.get(_kind(job), 0.0) + self.shape(job).operations(job.passes())
        lasting = [job for job in demand.jobs if isinstance(job, Training | Weighing)]
        there = sum(job in kept for job in lasting)
        return Line(
            page,
            f"{there} of {len(lasting)} kept" if there else "to do",
            demand.encoders,
            demand.corpora,
            sentences=sum(len(job.texts.words) for job in todo if isinstance(job, Weighing)),
            steps=sum(job.recipe.steps for job in todo if isinstance(job, Training)),
            passes=sum(number for job in todo for number, _ in job.passes()),
            operations=operations,
            counted=demand.counted,
            seconds=self.seconds(operations | {COUNTING: demand.counted}) if self.rates else None,
        )

    def seconds(self, work: Mapping[str, float]) -> float:
        return PAGE_SECONDS + sum(done / self.rates[kind] for kind, done in work.items())

    def memory(self, sentences: int) -> list[Room]:
        """Of the largest step, where the largest corpus has so many sentences."""
        step = max(map(self._bytes, self.jobs), default=0.0)
        process = PROCESS + PER_SENTENCE * sentences
        remedy = "close other programs, or lower batch_size and max_sentences"
        if not torch.cuda.is_available():
            return [Room("memory", process + step, psutil.virtual_memory().available, remedy)]
        return [
            Room("memory", process, psutil.virtual_memory().available, remedy),
            Room("memory of the GPU", step, torch.cuda.mem_get_info()[0], "lower batch_size"),
        ]

    def _bytes(self, job: Job) -> float:
        shape = self.shape(job)
        if not isinstance(job, Training):
            return 4.0 * shape.parameters + BATCH
        passed = sum(number * tokens for number, tokens in job.passes())
        return 4.0 * COPIES * shape.parameters + shape.kept_per_token * passed / (3 * max(1, job.recipe.steps))

    def disks(self, fetched: int) -> list[Room]:
        """For the hub's cache and ours; where both are on one disk, together."""
        from huggingface_hub import constants

        places = {
            "disk of $HF_HOME": (Path(constants.HF_HUB_CACHE), float(fetched)),
            "disk of $WIG_CACHE": (cache_dir(""), sum(map(self._stored, self.jobs))),
        }
        by_disk: dict[int, list[str]] = {}
        for name, (path, _) in places.items():
            by_disk.setdefault(_existing(path).stat().st_dev, []).append(name)
        return [
            Room(
                " and ".join(name if i == 0 else name.split()[-1] for i, name in enumerate(names)),
                sum(places[name][1] for name in names),
                shutil.disk_usage(_existing(places[names[0]][0])).free,
                "free some, or choose other folders",
            )
            for names in by_disk.values()
        ]

    def _stored(self, job: Job) -> float:
        """Bytes that the cache keeps of a job."""
        shape = self.shape(job)
        if isinstance(job, Training):
            return 4.0 * shape.parameters * len({*job.at, job.recipe.steps})
        return 4.0 * shape.width * sum(job.texts.words) if isinstance(job, Weighing) else 0.0


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.absolute().parents) if place.exists())


def as_text(plan: Plan) -> str:
    """The plan as an aligned table, and what it comes to."""
    unit, size = _unit(max((sum(line.operations.values()) for line in plan.lines), default=0))
    head = ["page", "encoders", "corpora", "sentences", "steps", "passes", unit, "minutes", "state"]
    rows = [
        [
            line.page,
            *map(_count, (len(line.encoders), len(line.corpora), line.sentences, line.steps, line.passes)),
            _number(sum(line.operations.values()) / size),
            "" if line.seconds is None else _number(line.seconds / 60),
            line.state,
        ]
        for line in plan.lines
    ]
    blocks = [_aligned([head, *rows], right=range(1, len(head) - 1))]
    for kind in ("model", "data set"):
        some = [one for one in plan.downloads if one.kind == kind]
        blocks += [f"{kind}s of the hub\n{_aligned([_downloaded(one) for one in some], right=[1])}"] if some else []
    return "\n\n".join([*blocks, _aligned(list(_summary(plan).items()), right=[]), *plan.warnings()])


def _downloaded(one: Download) -> list[str]:
    if one.size is None:
        return [f"  {one.name}", "", one.note]
    state = "in the cache" if not one.missing else f"{gigabytes(one.missing)} to fetch" if one.cached else "to fetch"
    return [f"  {one.name}", gigabytes(one.size), "; ".join(filter(None, (state, one.note)))]


def _summary(plan: Plan) -> dict[str, str]:
    """What it comes to, by what it is about."""
    sums = {name: value or 0 for name, value in plan.totals().items()}
    unit, size = _unit(sums["operations"])
    unknown = int(sums["downloads_of_unknown_size"])
    more = f", and {unknown} of unknown size" if unknown else ""
    told = {
        "packaged": ", ".join(plan.packaged) or "nothing",
        "downloads": f"{gigabytes(sums['bytes'])}, of which the cache has {gigabytes(sums['bytes_cached'])}{more}",
        "work": f"{_count(sums['passes'])} forward passes of a sentence or what costs as much, "
        f"{_number(sums['operations'] / size)} {unit}",
        "time": f"not measured, on {plan.device}",
        **{room.name: f"about {gigabytes(room.needed)}, {gigabytes(room.free)} are free" for room in plan.rooms},
    }
    if plan.rates:
        speeds = ", ".join(itertools.starmap(_speed, plan.rates.items()))
        told["time"] = f"about {_duration(sums['seconds'])} on {plan.device}, by a calibration: {speeds}"
    return told


def _speed(kind: str, rate: float) -> str:
    if kind == COUNTING:
        return f"{kind} {_count(rate)} sentences/s"
    return f"{kind if kind == TRAINING else f'attribution in {kind}'} {_number(rate / 1e9)} GFLOP/s"


def gigabytes(size: float) -> str:
    """Bytes, readably.

    Example:
        >>> gigabytes(437_951_328), gigabytes(20e9), gigabytes(1000)
        ('0.44 GB', '20.0 GB', '0.00 GB')
    """
    return f"{size / 1e9:.2f} GB" if size < 10e9 else f"{size / 1e9:.1f} GB"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _count(value: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e4)):
        if value >= size:
            return f"{value / (1e3 if unit == 'k' else size):.3g}{unit}"
    return f"{value:.0f}"


def _unit(operations: float) -> tuple[str, float]:
    return next(((name, size) for name, size in UNITS.items() if operations >= size), ("GFLOP", 1e9))


def _duration(seconds: float) -> str:
    """Seconds, readably.

    Example:
        >>> _duration(90), _duration(7200), _duration(864000)
        ('2 minutes', '2.0 hours', '10.0 days')
    """
    if seconds < 3600:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 2 * 86400 else f"{seconds / 86400:.1f} days"


def _aligned(rows: Sequence[Sequence[str]], right: Collection[int]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) if i in right else cell.ljust(width)
                  for i, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows
    )  # fmt: skip

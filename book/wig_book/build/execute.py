"""Execute the pages of a book that are not current, several at a time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import chdir, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from wig_book.build.kernel import Kernels, cores
from wig_book.build.progress import Progress
from wig_book.build.run import Run

KERNEL_MEMORY = 4e9  # bytes that a page's kernel may need


@contextmanager
def build_lock(root: Path, progress: Progress) -> Iterator[None]:
    """Within, no other wig works in the same folder; if one does, say so and wait until it has ended.

    The operating system holds the lock, so it is free as soon as its holder exits, however that happens.
    """
    build = root / "book/_build"
    build.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(build / "wig.lock"), build / "wig.pid"
    try:
        lock.acquire(blocking=False)
    except Timeout:
        pid = holder.read_text("utf-8") if holder.exists() else "not known yet"
        progress.say(f"wig: another wig is running in {root} (pid {pid}); waiting")
        lock.acquire()
    try:
        holder.write_text(str(os.getpid()), "utf-8")
        yield
    finally:
        lock.release()


def execute_pages(runs: Iterable[Run], progress: Progress, *, force: bool = False, jobs: int | None = None) -> int:
    """Execute the pages that are not current, in order, each in a kernel of its own.

    When a page fails, or on Ctrl-C, the pages that are running are stopped and no other one begins; the finished ones
    are kept. Pages that need the same cached result share it: the second waits for the first.

    Args:
        runs: pages of one project.
        progress: shows how far they are.
        force: execute current pages too.
        jobs: how many pages are executed at a time; by default `default_jobs`. It does not change their results.

    Returns:
        The number of pages executed.

    Raises:
        InputError, BuildError: a page failed.
    """
    due = [run for run in runs if force or not run.is_current()]
    if not due:
        return 0
    import papermill  # noqa: F401  # here, because two threads must not import it at the same time

    kernels = Kernels()

    def execute(number: int, run: Run) -> None:
        title = f"[{number}/{len(due)}] {run.page.name}"
        if kernels.stopped:
            return
        with progress.task(title) as task:
            task.say(run.page.title)
            run.execute(task, kernels)
            task.say(f"done in {run.record()['seconds']} s")

    jobs = jobs or (default_jobs() if len(due) > 1 else 1)
    with chdir(due[0].root), ThreadPoolExecutor(jobs) as pool:  # papermill changes the folder for all threads alike
        futures = [pool.submit(execute, number, run) for number, run in enumerate(due, 1)]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            kernels.stop()
            raise
    return len(due)


def default_jobs() -> int:
    """How many pages to execute at a time: two if cores and memory suffice and there is no GPU, else one."""
    import psutil

    has_gpu = shutil.which("nvidia-smi") is not None  # two kernels would compete for its memory
    has_room = psutil.virtual_memory().available >= 2 * KERNEL_MEMORY
    return 2 if cores() >= 2 and has_room and not has_gpu else 1

"""What the terminal or a log shows while pages run."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_ERASE_LINE = "\r\x1b[K"
_CURSOR_UP = "\x1b[A"  # written by nested progress bars


class Progress:
    """Writes messages, one per line; on a terminal a last line shows the state of every running task.

    A log file gets the messages alone. Several threads may write at the same time.
    """

    def __init__(self, stream: TextIO | None = None):
        self.stream = stream or sys.stderr
        self._states: dict[str, str] = {}  # by the title of the task
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Write a line that stays."""
        with self._lock:
            self._write(f"{text}\n")

    @contextmanager
    def task(self, title: str) -> Iterator[Task]:
        """Within, the state of a task is shown; what it has written of an unfinished line is written at the end."""
        task = Task(self, title)
        try:
            yield task
        finally:
            task.close()

    def set_state(self, title: str, state: str | None) -> None:
        """Show the state of a task from now on; None when it has ended."""
        with self._lock:
            self._states.pop(title, None)
            if state is not None:
                self._states[title] = state
            self._write("")

    def _write(self, text: str) -> None:
        if self.stream.isatty():
            states = "  |  ".join(f"{title} · {state}" for title, state in sorted(self._states.items()))
            text = f"{_ERASE_LINE}{text}{states[: shutil.get_terminal_size().columns - 1]}"
        self.stream.write(text)
        self.stream.flush()


class Task:
    """One running task, which is also a file for what its kernel writes to stderr.

    Finished lines are said, behind the task's title. A progress bar is shown with the task's state, on a terminal only.
    """

    def __init__(self, progress: Progress, title: str):
        self.progress = progress
        self.title = title
        self._state = ""
        self._rest = ""  # of what was written, the last line, which is not finished

    def say(self, text: str) -> None:
        """Write a line that stays, behind the task's title."""
        self.progress.say(f"{self.title} · {text}")

    def show(self, state: str) -> None:
        """Show how far the task is."""
        self._state = state
        self.progress.set_state(self.title, state)

    def write(self, text: str) -> None:
        """Write as to a file."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._say_line(line)
        if bar := _last_state(self._rest):
            self.progress.set_state(self.title, f"{self._state} · {bar}")

    def flush(self) -> None:
        """Do nothing: lines are written as soon as they are finished."""

    def close(self) -> None:
        """End the task."""
        self.progress.set_state(self.title, None)
        self._say_line(self._rest)

    def _say_line(self, line: str) -> None:
        if line.strip() and "\r" not in line:  # a carriage return begins every state of a progress bar
            self.say(line.rstrip())


def _last_state(line: str) -> str:
    return line.replace(_CURSOR_UP, "").rpartition("\r")[2].strip() if "\r" in line else ""

"""What the terminal shows while pages run."""

from __future__ import annotations

import sys
from typing import TextIO


class Progress:
    """Shows which page runs, which cell and for how long; passes on what the kernel writes to stderr."""

    def __init__(self, stream: TextIO | None = None):
        self.stream = stream or sys.stderr
        self.title = ""
        self._shown = False

    def show(self, text: str) -> None:
        """Put ``text`` on a terminal line that the next one replaces; a log file has no such lines."""
        if self.stream.isatty():
            self.write(f"{self.title} · {text}")
            self._shown = True

    def say(self, text: str) -> None:
        """Put ``text`` on a line that stays."""
        self.write(f"{text}\n")

    def write(self, text: str) -> None:
        """Write ``text`` in place of the line shown."""
        self.stream.write(("\r\x1b[K" if self._shown else "") + text)
        self.stream.flush()
        self._shown = False

    def flush(self) -> None:
        """Flush the terminal."""
        self.stream.flush()

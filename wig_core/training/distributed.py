"""One process, or several that `accelerate launch` has started to share the work."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Crew:
    """The processes that run the same program, this one among them.

    Attributes:
        rank: this process's number; 0 is the first.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def now(cls) -> Crew:
        """As `accelerate launch` has set it up; just this process where nothing has."""
        if int(os.environ.get("WORLD_SIZE", 1)) == 1:
            return cls()
        from accelerate import PartialState

        state = PartialState()
        return cls(state.process_index, state.num_processes)

    @property
    def is_first(self) -> bool:
        """Whether this process does what only one must do."""
        return self.rank == 0

    def wait(self) -> None:
        """Go on only when all processes have come here."""
        if self.size > 1:
            from accelerate import PartialState

            PartialState().wait_for_everyone()

    def agree(self, value: T) -> T:
        """The first process's value, in all of them."""
        if self.size == 1:
            return value
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]

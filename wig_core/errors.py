"""The one error that a user's input can cause, and the name that a misspelt one was meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """The user's input cannot be used.

    The message is one line that names the input, the fault and the remedy; the command line prints it, followed by
    `details`, and exits with 2, without a traceback.
    """

    details: tuple[str, ...] = ()


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """The closest of the known names as a hint for a message, or an empty string.

    Example:
        >>> did_you_mean("stpes", ["steps", "seed"])
        "; did you mean 'steps'?"
    """
    close = get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""

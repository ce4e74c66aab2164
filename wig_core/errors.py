"""The one error that a user's input can cause, and helpers for its message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches


class InputError(ValueError):
    """The user's input cannot be used.

    The message is one line that names the input, the fault and the remedy; the command line prints it, followed by
    `details`, and exits with 2, without a traceback.
    """

    details: tuple[str, ...] = ()

    def __init__(self, message: str = "") -> None:
        super().__init__(" ".join(message.splitlines()))  # a name in it may have line breaks


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """The closest of the known names as a hint for a message, or an empty string.

    Example:
        >>> did_you_mean("stpes", ["steps", "seed"])
        "; did you mean 'steps'?"
    """
    close = get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Within, or in a function that it decorates, a missing package is an error that names the extra to install.

    Args:
        extra: one of the optional dependencies of wig-core, such as "data".

    Raises:
        InputError: a package that is imported within is not installed.

    Example:
        >>> with needs_extra("data"):
        ...     import no_such_package
        Traceback (most recent call last):
        wig_core.errors.InputError: package no_such_package is not installed; pip install 'wig-core[data]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise InputError(f"package {package} is not installed; pip install 'wig-core[{extra}]'") from None

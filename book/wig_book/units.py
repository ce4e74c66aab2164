"""Large numbers as short texts: counts, times, sizes and operations, each in the largest unit that it fills."""

from __future__ import annotations

from collections.abc import Mapping

HOUR = 3600.0
DAY = 24 * HOUR
COUNTS = {"million": 1e6, "billion": 1e9, "trillion": 1e12}
DURATIONS = {"s": 1.0, "min": 60.0, "h": HOUR, "days": DAY, "years": 365.25 * DAY}
SIZES = {f"{prefix}B": 1000.0**power for power, prefix in enumerate("kMGTPEZY", start=1)}
OPERATIONS = {f"{prefix}FLOP": 1000.0**power for power, prefix in enumerate("MGTPEZY", start=2)}


def count(value: float) -> str:
    """A number of things.

    Example:
        >>> count(0.52), count(3), count(29_650), count(1.26e9)
        ('0.52', '3', '29,650', '1.3 billion')
    """
    if value >= COUNTS["million"]:
        return _in_units(value, COUNTS)
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.2g}"


def duration(seconds: float) -> str:
    """A time.

    Example:
        >>> duration(0.5), duration(500), duration(7200)
        ('0.5 s', '8.3 min', '2.0 h')
    """
    return _in_units(seconds, DURATIONS)


def size(n_bytes: float) -> str:
    """An amount of memory, in decimal units.

    Example:
        >>> size(437_951_328), size(1.2e9)
        ('438 MB', '1.2 GB')
    """
    return _in_units(n_bytes, SIZES)


def operations(value: float) -> str:
    """A number of floating-point operations.

    Example:
        >>> operations(3.4e15), operations(3.2e19)
        ('3.4 PFLOP', '32 EFLOP')
    """
    return _in_units(value, OPERATIONS)


def _in_units(value: float, units: Mapping[str, float]) -> str:
    """The number in the largest unit that it fills, else in the smallest; the units ascend."""
    filled = [name for name, of_one in units.items() if value >= of_one]
    name = filled[-1] if filled else next(iter(units))
    number = value / units[name]
    return f"{number:,.{0 if number >= 9.95 else 1}f} {name}"

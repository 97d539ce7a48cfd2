"""Plots in lines of text, for terminals and logs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

_BLOCKS = "▁▂▃▄▅▆▇█"
_WEEKS = 52


def sparklines(title: str, readings: list[tuple[str, float]], combine: Callable[[list[float]], float]) -> str:
    """A line of blocks for each year of dated readings, all lines on one scale.

    The readings of a week are made one by ``combine``; a week without readings stays blank. The 52nd week has the days
    that are left over, so that all years are of one length.
    """
    weeks: dict[tuple[int, int], list[float]] = {}
    for day, value in readings:
        when = date.fromisoformat(day)
        week = min((when.timetuple().tm_yday - 1) // 7, _WEEKS - 1)
        weeks.setdefault((when.year, week), []).append(value)
    levels = {key: combine(values) for key, values in weeks.items()}
    if not levels:
        return f"{title}: no readings"

    low, high = min(levels.values()), max(levels.values())
    lines = [
        f"{year} " + "".join(_block(levels.get((year, week)), low, high) for week in range(_WEEKS))
        for year in sorted({year for year, _ in levels})
    ]
    return "\n".join([f"{title}: {_BLOCKS[0]} {low:.1f} … {high:.1f} {_BLOCKS[-1]}", *lines, _months()])


def _block(level: float | None, low: float, high: float) -> str:
    if level is None:
        return " "
    share = (level - low) / (high - low) if high > low else 0.0
    return _BLOCKS[min(int(share * len(_BLOCKS)), len(_BLOCKS) - 1)]


def _months() -> str:
    """The initials of the months, each under the week it begins in."""
    line = [" "] * _WEEKS
    for month, initial in enumerate("JFMAMJJASOND", start=1):
        line[(date(2001, month, 1).timetuple().tm_yday - 1) // 7] = initial
    return "     " + "".join(line).rstrip()

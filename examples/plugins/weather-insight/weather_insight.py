"""What daily weather records have to say: extremes by month, the longest dry spell, and a plot of the years.

A day is a dict with the fields of ``Day``: that is how a host passes the struct of its interface, and a dict goes back the
same way. The units are those of the records: mm for rain, °C for temperatures.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import TypedDict, TypeVar

from fidius import PluginError, method
from weather_plot import sparklines

__interface_hash__ = 0x2A29C17CBAA6D08F

_Value = TypeVar("_Value")


class Day(TypedDict):
    date: str
    rain: float
    high: float
    low: float


class Period(TypedDict):
    """From ``first`` to ``last``, both included, as ISO dates."""

    first: str
    last: str


class Reading(TypedDict):
    date: str
    value: float


class Month(TypedDict):
    month: str
    warmest: Reading
    coldest: Reading
    rain: float


class DrySpell(TypedDict):
    first: str
    last: str
    days: int


@method
def parse(data: bytes) -> list[Day]:
    """The days of a CSV file in UTF-8; columns that are not needed may be there."""
    return list(_days_of(bytes(data)))


@method
def monthly(days: list[Day], period: Period) -> list[Month]:
    """The warmest and the coldest day of each month of the period, and its rain."""
    months: dict[str, list[Day]] = {}
    for day in days:
        if period["first"] <= day["date"] <= period["last"]:
            months.setdefault(day["date"][:7], []).append(day)
    if not months:
        raise PluginError(
            "EMPTY_PERIOD",
            f"no records between {period['first']} and {period['last']}",
            {"period": period, "records": _span(days)},
        )
    return [_summary(month, months[month]) for month in sorted(months)]


@method
def dryspell(days: list[Day], limit: float) -> DrySpell:
    """The longest run of days in a row with no more rain than ``limit``; the earliest, if several are as long."""
    runs = list(_runs(day["date"] for day in days if day["rain"] <= limit))
    if not runs:
        raise PluginError("NO_DRY_DAY", f"no day had {limit} mm of rain or less", {"limit": limit})
    longest = max(runs, key=len)
    return {"first": longest[0], "last": longest[-1], "days": len(longest)}


@method
def plot(data: bytes) -> bytes:
    """CSV in, text out: a line of blocks for each year, a block for each week."""
    days = list(_days_of(data))
    rain = sparklines("Rain, sum of each week (mm)", [(day["date"], day["rain"]) for day in days], sum)
    high = sparklines("Daily high, mean of each week (°C)", [(day["date"], day["high"]) for day in days], _mean)
    return f"{high}\n\n{rain}\n".encode()


_COLUMNS = ["date", "precipitation", "temp_max", "temp_min"]


def _days_of(data: bytes) -> Iterator[Day]:
    rows = csv.DictReader(data.decode("utf-8-sig").splitlines())
    missing = [column for column in _COLUMNS if column not in (rows.fieldnames or [])]
    if missing:
        raise PluginError("UNKNOWN_COLUMN", f"the records have no {', '.join(missing)}", {"missing": missing})
    for row in rows:
        yield {
            "date": _read(row, "date", rows.line_num, _iso_date),
            "rain": _read(row, "precipitation", rows.line_num, _finite),
            "high": _read(row, "temp_max", rows.line_num, _finite),
            "low": _read(row, "temp_min", rows.line_num, _finite),
        }


def _read(row: dict[str, str], column: str, line: int, read: Callable[[str], _Value]) -> _Value:
    try:
        return read(row[column])
    except (TypeError, ValueError):  # a cell that is not there is None
        raise PluginError("BAD_ROW", f"line {line} has no usable {column}", {"line": line, "column": column}) from None


def _iso_date(text: str) -> str:
    return date.fromisoformat(text).isoformat()


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _summary(month: str, days: list[Day]) -> Month:
    warmest = max(days, key=lambda day: day["high"])
    coldest = min(days, key=lambda day: day["low"])
    return {
        "month": month,
        "warmest": {"date": warmest["date"], "value": warmest["high"]},
        "coldest": {"date": coldest["date"], "value": coldest["low"]},
        "rain": round(sum(day["rain"] for day in days), 1),
    }


def _span(days: list[Day]) -> Period | None:
    dates = [day["date"] for day in days]
    return {"first": min(dates), "last": max(dates)} if dates else None


def _runs(dates: Iterable[str]) -> Iterator[list[str]]:
    """Dates that follow one another day by day, in groups."""
    run: list[str] = []
    for each in sorted(dates):
        if run and date.fromisoformat(each) - date.fromisoformat(run[-1]) != timedelta(days=1):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)

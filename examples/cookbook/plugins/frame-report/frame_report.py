"""Data frames of pandas inside, Arrow tables outside: a column crosses as a block of memory."""

from __future__ import annotations

import io

import pandas
import pyarrow
from fidius import method

__interface_hash__ = 0x08FF493A551E8725


@method
def monthly(csv: bytes) -> memoryview:
    days = pandas.read_csv(io.BytesIO(csv))
    months = days.groupby(days["date"].str.slice(0, 7).rename("month"))
    return _to_arrow(
        months.agg(
            rain=("precipitation", "sum"),
            warmest=("temp_max", "max"),
            coldest=("temp_min", "min"),
            days=("date", "count"),
        ).reset_index()
    )


@method
def above(table: bytes, rain: float) -> memoryview:
    frame = pyarrow.ipc.open_stream(table).read_pandas()
    return _to_arrow(frame[frame["rain"] > rain])


def _to_arrow(frame: pandas.DataFrame) -> memoryview:
    table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return memoryview(sink.getvalue()).cast("B")

"""A connector: one instance for each database, made from the configuration of its load."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import TypedDict

from fidius import PluginError, progress

__interface_hash__ = 0xC69459380680E7DB

_REPORT_ORDERS = 10_000
"""A report on the progress for each order would take longer than storing it."""


class Settings(TypedDict):
    database: str
    table: str


class Order(TypedDict):
    id: int
    customer: str
    cents: int


class TableConnector:
    def __init__(self, settings: Settings) -> None:
        if not settings["table"].isidentifier():
            raise PluginError("BAD_TABLE", f"{settings['table']!r} is not the name of a table")
        self._database = settings["database"]
        self._table = settings["table"]
        with closing(self._connect()) as connection:
            connection.execute(f"CREATE TABLE IF NOT EXISTS {self._table} (id PRIMARY KEY, customer, cents)")

    def load(self, orders: Iterator[Order]) -> int:
        insert = f"INSERT INTO {self._table} VALUES (:id, :customer, :cents)"
        with closing(self._connect()) as connection:
            # A transaction. An error of the host's source is an exception here, which rolls back.
            with connection:
                try:
                    return connection.executemany(insert, _reporting(orders)).rowcount
                except sqlite3.IntegrityError as error:
                    raise PluginError("DUPLICATE", str(error)) from error

    def extract(self, since: int) -> Iterator[Order]:
        with closing(self._connect()) as connection:
            connection.row_factory = sqlite3.Row
            for row in connection.execute(f"SELECT * FROM {self._table} WHERE id >= ? ORDER BY id", [since]):
                yield dict(row)

    def _connect(self) -> sqlite3.Connection:
        # A connection belongs to its thread, and each call may run on another one.
        return sqlite3.connect(self._database)


def _reporting(orders: Iterator[Order]) -> Iterator[Order]:
    for count, order in enumerate(orders, 1):
        if count % _REPORT_ORDERS == 0:
            progress(message=f"{count} orders")
        yield order


def __fidius_configure__(settings: Settings) -> TableConnector:
    return TableConnector(settings)

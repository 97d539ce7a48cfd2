"""Follows a log file that grows, as ``tail -F`` does: each complete line is an entry."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import TypedDict

from fidius import method

__interface_hash__ = 0xAB84882384B2D7C7

_PAUSE = 0.02


class Entry(TypedDict):
    line: int
    level: str
    text: str


@method
async def follow(path: str) -> AsyncIterator[Entry]:
    """An asynchronous generator waits without a thread, and can be stopped while it waits."""
    number = 0
    with open(path, "rb") as file:
        rest = b""
        while True:
            # One line at a time: what is read and not wanted yet stays in the file.
            rest += file.readline()
            if rest.endswith(b"\n"):
                number += 1
                yield _entry(number, rest.decode("utf-8", "replace"))
                rest = b""
            elif os.fstat(file.fileno()).st_size < file.tell():
                file.seek(0)  # the log was emptied, and begins again
                rest = b""
            else:
                await asyncio.sleep(_PAUSE)


def _entry(number: int, line: str) -> Entry:
    level, _, text = line.strip().partition(" ")
    return {"line": number, "level": level, "text": text}

"""The functions that an encoded value may name, in either direction; the host knows them by these names.

What comes from the host calls ``view`` and ``moment``. What goes to the host calls the others, and is read there by code
of the host's own.
"""

import functools

LETTERS = {
    "bool": "?",
    "int8": "b",
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
"""Types of items by numpy's names, as letters of ``struct``: all that a typed array of JavaScript can hold."""


def view(letter, data):
    """A typed array of the host."""
    return memoryview(data).cast(letter)


def moment(milliseconds):
    """A ``Date`` of the host: counted from 1970, in UTC."""
    epoch, timedelta = _epoch()
    return epoch + timedelta(milliseconds=milliseconds)


def plain(value):
    """The plain value that an object was turned into."""
    return value


def missing(name):
    """The marker of a library for a value that is not there: ``NaT`` or ``pandas.NA``."""
    return name


def array(dtype, data):
    """Numbers in a row; a typed array at the host."""
    return memoryview(data).cast(LETTERS[dtype])


def ndarray(dtype, shape, data):
    """Numbers in any number of dimensions, in C order; ``{dtype, shape, data}`` at the host."""
    return memoryview(data).cast("B").cast(LETTERS[dtype], shape)


@functools.lru_cache(None)
def _epoch():
    from datetime import datetime, timedelta, timezone

    return datetime(1970, 1, 1, tzinfo=timezone.utc), timedelta

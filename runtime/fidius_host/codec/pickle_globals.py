"""The functions that an encoded value may name. The host knows them by these names.

Values from the host call ``view`` and ``moment``. Values for the host call the others, which the decoder of the host
implements itself.
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
"""Item types by their numpy names, as format characters of ``struct``: those of the typed arrays of JavaScript."""


def view(letter, data):
    """Return a typed array of the host."""
    return memoryview(data).cast(letter)


def moment(milliseconds):
    """Return a ``Date`` of the host, which counts from 1970 in UTC."""
    epoch, timedelta = _epoch()
    return epoch + timedelta(milliseconds=milliseconds)


def plain(value):
    """Stand for the plain value that an object was converted into."""
    return value


def missing(name):
    """Stand for the marker of a library for a missing value: ``NaT`` or ``pandas.NA``."""
    return name


def array(dtype, data):
    """Stand for a one-dimensional array of numbers; a typed array in the host."""
    return memoryview(data).cast(LETTERS[dtype])


def ndarray(dtype, shape, data):
    """Stand for an array of numbers with any number of dimensions, in C order; ``{dtype, shape, data}`` in the host."""
    return memoryview(data).cast("B").cast(LETTERS[dtype], shape)


@functools.lru_cache(None)
def _epoch():
    from datetime import datetime, timedelta, timezone

    return datetime(1970, 1, 1, tzinfo=timezone.utc), timedelta

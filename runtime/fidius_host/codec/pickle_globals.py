"""The functions that an encoded value may name. The host knows them by these names.

Values from the host call ``view``, ``moment``, ``items`` and the functions whose names end in ``_of``. Values for the host call the others, which the decoder of the host
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


def items(letter, shape, data):
    """Return a declared array of the host: a writable view with any number of dimensions."""
    if shape is None:
        return memoryview(data).cast(letter)
    if 0 in shape:
        return _empty(letter, shape)
    return memoryview(data).cast(letter, shape)


def datetime_of(text):
    """Return a ``datetime`` from the text of ``isoformat()``."""
    return _datetime().datetime.fromisoformat(text)


def date_of(text):
    """Return a ``date`` from the text of ``isoformat()``."""
    return _datetime().date.fromisoformat(text)


def decimal_of(text):
    """Return a ``Decimal``."""
    return _decimal()(text)


def uuid_of(text):
    """Return a ``UUID``."""
    return _uuid()(text)


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


# Imported for the first value that needs it: every start would be slower otherwise.


@functools.lru_cache(None)
def _datetime():
    import datetime

    return datetime


@functools.lru_cache(None)
def _decimal():
    from decimal import Decimal

    return Decimal


@functools.lru_cache(None)
def _uuid():
    from uuid import UUID

    return UUID


def _empty(letter, shape):
    # A memoryview cannot be cast to a shape that contains 0, but an array of ctypes can have one.
    import ctypes

    kinds = (
        ctypes.c_bool,
        ctypes.c_int8,
        ctypes.c_uint8,
        ctypes.c_int16,
        ctypes.c_uint16,
        ctypes.c_int32,
        ctypes.c_uint32,
        ctypes.c_int64,
        ctypes.c_uint64,
        ctypes.c_float,
        ctypes.c_double,
    )
    kind = dict(zip(LETTERS.values(), kinds))[letter]
    for length in reversed(shape):
        kind = kind * length
    return memoryview(kind())


@functools.lru_cache(None)
def _epoch():
    from datetime import datetime, timedelta, timezone

    return datetime(1970, 1, 1, tzinfo=timezone.utc), timedelta

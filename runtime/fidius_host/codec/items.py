"""The items of a result stream: how they are produced and encoded."""

import struct

from . import encode
from .conversion_error import ConversionError, has_attribute, type_name

ONE = 0
"""A payload is one value."""
SCALARS = 1
"""It is one list, whose members are the items."""
SEVERAL = 2
"""It is several values, each after its length."""

_UNCHANGING = frozenset({bool, bytes, float, int, str, type(None)})

_SIZE = struct.Struct("<I")


def join(values):
    """Return the payload of several encoded values."""
    return b"".join([part for each in values for part in (_SIZE.pack(len(each)), each)])


def is_unchanging(item):
    """Tell whether an item can be encoded later, among others: it does not change, and the host can read it."""
    kind = type(item)
    if kind is int:
        return item.bit_length() < 64
    if kind is str:
        return item.isascii()
    return kind in _UNCHANGING


def iterator_of(result):
    """Return an iterator, or an asynchronous one, over what a method has returned as a stream."""
    kind = type(result)
    if has_attribute(kind, "__aiter__"):
        return result.__aiter__()
    if has_attribute(kind, "__iter__") or has_attribute(kind, "__getitem__"):
        return iter(result)
    raise ConversionError(
        "a method that returns a stream must return an iterable, got %s" % type_name(kind),
        hint="Use yield, or return a list or another iterable.",
    )


def is_async_iterator(iterator):
    return has_attribute(type(iterator), "__anext__")


def encode_item(item, position):
    """Encode an item at once: the plugin may change the object afterwards."""
    try:
        return encode(item)
    except ConversionError as error:
        error.item = position
        raise


def close(iterator):
    """Run the ``finally`` blocks of a generator. What they raise hides nothing: the call has failed or was cancelled."""
    close = getattr(iterator, "close", None)
    try:
        if close is not None:
            close()
    except BaseException:
        pass

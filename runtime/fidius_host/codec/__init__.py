"""The value codec of the Python side: a subset of pickle protocol 5. See docs/reference/values.md.

CPython's C code writes and reads plain values. The pickler calls code of this package only for objects of other types.
"""

import _pickle
import itertools

from .conversion_error import ConversionError, has_attribute, type_name

__all__ = ["ConversionError", "decode", "encode", "encode_in_parts", "raw_bytes"]

_dumps = _pickle.dumps
decode = _pickle.loads
"""Decodes a value that the host has encoded, from ``bytes`` or any buffer. The host names only ``pickle_globals``."""

_KEPT_BYTES = 1 << 14
"""A pickler that has written more is not used again: to clear its large memo would slow down every later call."""

_SCALARS = frozenset({bool, bytes, float, int, str, type(None)})

_idle = []


def encode(value):
    """Encode a value as ``bytes`` for the host; raise ``ConversionError``, with a path, if it has no exact counterpart
    there.

    An exception raised by a conversion (a property of a dataclass, ``str()`` of a ``Decimal`` subclass) becomes a
    ``ConversionError``, too.
    """
    encoded = encode_in_parts(value)
    return encoded if type(encoded) is bytes else b"".join(encoded)


def encode_in_parts(value):
    """Encode a value for a reader in the same process, which can read large buffers in place.

    If there are large buffers the result is a list: ``bytes``, a ``PickleBuffer``, ``bytes``, and so on, with ``bytes``
    at its end.
    """
    if type(value) in _SCALARS:
        return _dumps(value, 5)
    try:
        pickler = _idle.pop()
    except IndexError:
        pickler = _new_pickler()
    dump, clear_memo, written = pickler
    try:
        dump(value)
    except MemoryError:
        raise
    except Exception:
        # Nested too deeply for C code, or an object without counterpart: the slow encoder finds its path.
        from . import slow_encoder

        return slow_encoder.encode(value)
    if len(written) > 1:
        return _join_between_buffers(written)
    data = written.pop()
    if len(data) <= _KEPT_BYTES:
        clear_memo()
        _idle.append(pickler)
    return data


def raw_bytes(result):
    """Return the result of a raw method as ``bytes``.

    As in the Rust host, a result is accepted if it is a sequence of integers from 0 to 255 and not a ``str``.
    """
    if isinstance(result, (bytes, bytearray)):
        return bytes(result)
    if isinstance(result, memoryview):
        return result.tobytes()
    try:
        # Only sequences: bytes(5) would be five zeros, and bytes({1: 2}) the keys. The length limits the iteration,
        # because an object may have an item for every index.
        if not isinstance(result, (str, dict)) and _is_sequence(type(result)):
            size = len(result)
            items = list(itertools.islice(iter(result), size + 1))
            if len(items) == size:
                return bytes(items)
    except (TypeError, ValueError):
        pass
    raise ConversionError("a raw method must return bytes, got %s" % type_name(type(result)), hint="Return bytes.")


def _is_sequence(kind):
    return has_attribute(kind, "__getitem__") and has_attribute(kind, "__len__")


def _join_between_buffers(pieces):
    """Join the pieces that the pickler has written between the buffers.

    It writes pieces of 64 KiB and more separately.
    """
    parts = []
    between = []
    for piece in pieces:
        if type(piece) is _pickle.PickleBuffer:
            parts += b"".join(between), piece
            between = []
        else:
            between.append(piece)
    last = b"".join(between)
    return parts + [last] if parts else last


def _new_pickler():
    written = []
    sink = _Sink()
    sink.write = written.append
    pickler = _Pickler(sink, 5)
    return pickler.dump, pickler.clear_memo, written


class _Sink:
    __slots__ = ("write",)


class _Pickler(_pickle.Pickler):
    def reducer_override(self, value):
        global _reducer
        if _reducer is None:
            # Imported for the first object that needs it: most calls have none, and the import would slow down every
            # start.
            from .conversions import reducer as _reducer
        return _reducer(value)


_reducer = None

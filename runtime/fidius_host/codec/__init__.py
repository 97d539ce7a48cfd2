"""The value codec of the Python side: a subset of pickle protocol 5. See docs/reference/values.md.

Plain values are written and read by CPython's own C code. The pickler asks here only about objects that it does not
know by heart.
"""

import _pickle
import itertools

from .conversion_error import CannotCross, has_attribute, type_name

__all__ = ["CannotCross", "decode", "encode", "encode_in_parts", "raw_bytes"]

_dumps = _pickle.dumps
decode = _pickle.loads
"""Read what the host wrote: ``bytes``, or any buffer. The host names only functions of ``crossing``."""

_KEPT_BYTES = 1 << 14
"""A pickler that wrote more is given up: clearing the large memo it has now would cost every later call."""

_SCALARS = frozenset({bool, bytes, float, int, str, type(None)})

_idle = []


def encode(value):
    """Return a value as ``bytes`` for the host; raise ``CannotCross``, with a path, when it has no exact form there.

    What a conversion raises (a property of a dataclass, ``str()`` of a ``Decimal`` subclass) becomes ``CannotCross`` too.
    """
    encoded = encode_in_parts(value)
    return encoded if type(encoded) is bytes else b"".join(encoded)


def encode_in_parts(value):
    """Do the same for a reader that can reach our memory: large buffers need not be copied to be encoded.

    Where there are some the result is a list: ``bytes``, a ``PickleBuffer``, ``bytes``, and so on, with ``bytes`` at its end.
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
        # Too deep for C code, or an object that cannot cross; the slow way tells where.
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
        # Only sequences: bytes(5) would be five zeros, and bytes({1: 2}) the keys. The length limits the iteration, because
        # an object that has an item for every index has no end.
        if not isinstance(result, (str, dict)) and _is_sequence(type(result)):
            size = len(result)
            items = list(itertools.islice(iter(result), size + 1))
            if len(items) == size:
                return bytes(items)
    except (TypeError, ValueError):
        pass
    raise CannotCross("a raw method must return bytes, got %s" % type_name(type(result)), hint="Return bytes.")


def _is_sequence(kind):
    return has_attribute(kind, "__getitem__") and has_attribute(kind, "__len__")


def _join_between_buffers(pieces):
    """What the pickler wrote in pieces: those of 64 KiB and more one by one."""
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
            # Not before the first object that needs it: most calls have none, and every start would pay.
            from .conversions import reducer as _reducer
        return _reducer(value)


_reducer = None

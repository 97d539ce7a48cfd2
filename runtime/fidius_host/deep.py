"""The slow writer: for values nested too deeply for CPython's pickler, and to tell where a value cannot cross.

Keeps its own stack, so that nesting costs memory only. Writes the same subset of pickle protocol 5.
"""

import struct

from .cannot_cross import CannotCross, type_name
from .conversions import reduction
from .crossing import plain

MAX_DEPTH = 100_000
"""Deeper than any data is nested: an object that makes its parts when asked for them would never end."""

_NOTHING = object()


def encode(value):
    """Do what ``values.encode`` does."""
    return _Writer().write(value)


class _Container:
    """A container whose items are being written. ``step`` is where the one at hand sits."""

    __slots__ = ("sources", "items", "end", "step", "memoized")

    def __init__(self, sources, items, end, memoized):
        self.sources = sources
        self.items = items
        self.end = end
        self.step = ""
        self.memoized = memoized


class _Writer:
    def __init__(self):
        self.out = [b"\x80\x05"]
        self.memo = {}
        self.kept = []
        self.open = []
        self.ancestors = set()

    def write(self, value):
        try:
            while value is not _NOTHING:
                self._item(value)
                value = self._next()
        except CannotCross as error:
            error.path = "".join(container.step for container in self.open) + error.path
            raise
        except (MemoryError, RecursionError):
            raise
        except Exception as error:
            place = "".join(container.step for container in self.open)
            raise CannotCross("%s while it was read: %s" % (type_name(type(error)), error), place) from error
        self.out.append(b".")
        return b"".join(self.out)

    def _next(self):
        while self.open:
            container = self.open[-1]
            for container.step, value in container.items:
                return value
            self._leave(container)
        return _NOTHING

    def _item(self, value):
        """Write a value without parts, or begin a container."""
        sources = []
        while True:
            if id(value) in self.ancestors:
                raise CannotCross("it contains itself", code="FIDIUS_VALUE_CYCLE", hint="Return a tree.")
            index = self.memo.get(id(value))
            if index is not None:
                self.out.append(b"j" + struct.pack("<I", index))
                return
            scalar = _SCALARS.get(type(value))
            if scalar is not None:
                self.out.append(scalar(value))
                return
            sources.append(value)
            if type(value) in _CONTAINERS:
                self._enter(value, sources)
                return
            function, arguments = reduction(value)
            if function is not plain:
                self.out.append(_call(function, arguments))
                return
            (value,) = arguments

    def _enter(self, value, sources):
        if len(self.open) >= MAX_DEPTH:
            raise CannotCross("it is nested deeper than %d levels" % MAX_DEPTH)
        begin, end, items, memoized = _CONTAINERS[type(value)]
        self.out.append(begin)
        container = _Container(sources, items(value), end, memoized)
        if memoized:
            self._memoize(container)
        self.out.append(b"(")
        self.open.append(container)
        self.ancestors.update(map(id, sources))

    def _leave(self, container):
        self.open.pop()
        self.ancestors.difference_update(map(id, container.sources))
        self.out.append(container.end)
        if not container.memoized:
            self._memoize(container)
        container.memoized = True

    def _memoize(self, container):
        self.out.append(b"\x94")
        self.kept.append(container.sources)
        for source in container.sources:
            self.memo[id(source)] = len(self.kept) - 1


def _sequence(value):
    return (("[%d]" % index, item) for index, item in enumerate(value))


def _elements(value):
    return ((".values()[%d]" % index, item) for index, item in enumerate(value))


def _pairs(value):
    for index, (key, item) in enumerate(list(value.items())):
        yield ".keys()[%d]" % index, key
        yield _key_step(key), item


def _key_step(key):
    if not isinstance(key, str):
        return ".get(%s)" % (key if type(key) in (int, float, bool) else type_name(type(key)))
    if key.isidentifier():
        return "." + key
    import json

    return "[%s]" % json.dumps(key if len(key) <= 40 else key[:40] + "…", ensure_ascii=False)


def _int(value):
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return (b"\x8a" + bytes((len(data),)) if len(data) < 256 else b"\x8b" + struct.pack("<I", len(data))) + data


def _str(value):
    try:
        return b"\x8d" + _sized(value.encode("utf-8"))
    except UnicodeEncodeError:
        raise CannotCross(
            "the str contains a lone surrogate, which is not valid text",
            hint="Return bytes, or clean it with text.encode('utf-8', 'replace').decode().",
        ) from None


def _bytes(value):
    return b"\x8e" + _sized(bytes(value))


def _sized(data):
    return struct.pack("<Q", len(data)) + data


def _call(function, arguments):
    """A call of a function of ``crossing``: with a name, or with a name, a buffer, and perhaps a shape between them."""
    name, *others = arguments
    parts = [_str(function.__module__), _str(function.__name__), b"\x93(", _str(name)]
    if not others:
        return b"".join([*parts, b"tR"])
    *shape, data = others
    for lengths in shape:
        parts += [b"(", *map(_int, lengths), b"t"]
    return b"".join([*parts, _bytes(data), b"tR"])


_SCALARS = {
    type(None): lambda value: b"N",
    bool: lambda value: b"\x88" if value else b"\x89",
    int: _int,
    float: lambda value: b"G" + struct.pack(">d", value),
    str: _str,
    bytes: _bytes,
    bytearray: _bytes,
}

# How it begins and ends, what is in it, and whether it can be referred to before it ends.
_CONTAINERS = {
    list: (b"]", b"e", _sequence, True),
    dict: (b"}", b"u", _pairs, True),
    set: (b"\x8f", b"\x90", _elements, True),
    tuple: (b"", b"t", _sequence, False),
    frozenset: (b"", b"\x91", _elements, False),
}

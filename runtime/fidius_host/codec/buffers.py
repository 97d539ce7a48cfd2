"""Converts arrays of numbers: those of numpy, of ``array``, and all other objects that export a buffer."""

import sys
from _pickle import PickleBuffer

from .conversion_error import ConversionError, type_name
from .pickle_globals import LETTERS, array, missing, ndarray, plain

_SIGNED, _UNSIGNED, _FLOAT = "bhilqn", "BHILQN", "fd"
_FOREIGN_ORDER = ">!" if sys.byteorder == "little" else "<"


def numpy_array(value):
    """Reduce a ``numpy.ndarray``. Half floats are widened and foreign byte orders are converted; both are exact."""
    masked = getattr(sys.modules.get("numpy.ma"), "MaskedArray", ())
    if isinstance(value, masked):
        raise ConversionError("a masked array has no counterpart in JavaScript", hint="Return value.filled(...).")
    dtype = value.dtype
    if dtype.kind == "f" and dtype.itemsize == 2:
        value = value.astype("float32")
    elif not dtype.isnative:
        value = value.astype(dtype.newbyteorder("="))
    name = _dtype_name({"b": "bool", "i": "int", "u": "uint", "f": "float"}.get(dtype.kind), value.dtype.itemsize)
    if name is None:
        raise ConversionError(
            "a numpy array of %s has no counterpart in JavaScript" % dtype,
            hint="Return value.tolist() or another dtype.",
        )
    if not value.flags.c_contiguous:
        value = value.copy(order="C")
    if value.ndim != 1:
        return ndarray, (name, tuple(value.shape), PickleBuffer(value))
    return (plain, (value.tolist(),)) if name == "bool" else (array, (name, PickleBuffer(value)))


def numpy_scalar(value):
    """Reduce a ``numpy.generic`` that is not a subclass of a Python number."""
    kind, size = value.dtype.kind, value.dtype.itemsize
    if kind in "biu" or (kind == "f" and size <= 8):
        return plain, (value.item(),)
    if kind in "mM" and str(value) == "NaT":
        return missing, ("NaT",)
    if kind == "M":
        return plain, (str(value),)
    raise ConversionError("%s has no counterpart in JavaScript" % type_name(type(value)))


def exported_buffer(value):
    """Reduce an object that exports a buffer; return ``None`` if it does not."""
    try:
        view = memoryview(value)
    except TypeError:
        return None
    order, letter = (view.format[0], view.format[1:]) if view.format[0] in "@=<>!" else ("@", view.format)
    size = view.itemsize or _size_of(view.format)
    name = None if order in _FOREIGN_ORDER and size > 1 else _name_of(letter, size)
    if name is None:
        raise ConversionError(
            "%s with items of format %r has no counterpart in JavaScript" % (type_name(type(value)), view.format),
            hint="Return value.tolist().",
        )
    if view.ndim == 1 and name in ("uint8", "bool"):
        return plain, (view.tolist() if name == "bool" else view.tobytes(),)
    data = PickleBuffer(view) if view.c_contiguous else view.tobytes()
    return (array, (name, data)) if view.ndim == 1 else (ndarray, (name, view.shape, data))


def _size_of(item):
    # Python 3.9 reports 0 for an array of ctypes that has no items.
    import struct

    try:
        return struct.calcsize(item)
    except struct.error:
        return 0


def _name_of(letter, size):
    if letter in ("?", "c"):
        return "bool" if letter == "?" else "uint8"
    if len(letter) != 1:
        return None
    family = "int" if letter in _SIGNED else "uint" if letter in _UNSIGNED else "float" if letter in _FLOAT else None
    return _dtype_name(family, size)


def _dtype_name(family, size):
    name = family if family in (None, "bool") else "%s%d" % (family, size * 8)
    return name if name in LETTERS else None

"""Determines for whom a module is imported: the package whose code runs an ``import``, or has it run.

An ``import`` statement imports for the module that contains it. Code of the standard library or of the environment that
imports by a call (``importlib.import_module``, ``pickle``, ``logging.config``) imports for the package that has called
it.
"""

import importlib
import sys

from . import packages
from .packages import ENVIRONMENT

_MACHINERY = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>", importlib.__file__)


class _Unknown:
    """The importer if no code of a package is on the stack and a library imports by a call, for example on its own
    threads.
    """

    holders = frozenset()


UNKNOWN = _Unknown()


def import_for(package, name):
    """Import a module as code of a package does."""
    return importlib.import_module(name)


_IMPORT_FOR = import_for.__code__
_calls = frozenset()


def prepare():
    """Look up the numbers of some opcodes, before the first package: a later look-up must not cause an import."""
    global _calls
    from opcode import opmap

    _calls = frozenset(number for name, number in opmap.items() if "CALL" in name)


def importer_of(frame):
    """Return the importer in a frame: a unit, a package, ``ENVIRONMENT`` or ``UNKNOWN``.

    ``None`` stands for no frame.
    """
    first = True
    while frame is not None:
        code = frame.f_code
        file = code.co_filename
        if code is _IMPORT_FOR:
            return frame.f_locals["package"]
        if file not in _MACHINERY:
            unit = getattr(frame.f_globals.get("__spec__"), "_fidius_unit", None)
            if unit is not None and not unit.outside:
                return unit
            package = packages.of_file(file)
            if package is not None:
                return package
            # Code that was compiled from text belongs to the code that runs it.
            if not file.startswith("<") or file.startswith("<frozen "):
                if first and not _is_call(frame):
                    return ENVIRONMENT if unit is None else unit
                first = False
        frame = frame.f_back
    return UNKNOWN


def package_of(frame):
    """The package whose code runs in a frame, or for which a frame imports; ``None`` for other frames."""
    if frame.f_code is _IMPORT_FOR:
        return frame.f_locals["package"]
    return packages.of_file(frame.f_code.co_filename)


def _is_call(frame):
    code, offset = frame.f_code.co_code, frame.f_lasti
    # In CPython 3.11 the position may be that of a cache entry after a call. Cache entries have the number 0.
    while 0 < offset < len(code) and code[offset] == 0:
        offset -= 2
    return 0 <= offset < len(code) and code[offset] in _calls


def frame_at(depth):
    """Return the frame ``depth`` calls above the caller's, or ``None``: native code may call without a frame."""
    try:
        return sys._getframe(depth + 1)
    except ValueError:
        return None


def as_machinery(function):
    """Mark a function as import machinery, whose frames CPython removes from the traceback of an import."""
    function.__code__ = function.__code__.replace(co_filename=_MACHINERY[0])
    return function

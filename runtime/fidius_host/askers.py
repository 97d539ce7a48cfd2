"""Who asks for a module: which package the code belongs to that runs an ``import``, or has it run.

An ``import`` statement asks for the module it stands in. Code of the standard library or of the environment that imports by
a call (``importlib.import_module``, ``pickle``, ``logging.config``) does so for the package that called it.
"""

import importlib
import sys

from . import packages
from .packages import ENVIRONMENT

_MACHINERY = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>", importlib.__file__)


class _Anyone:
    """Who asks when no code of a package is on the stack, and a library imports by a call: on its own threads, say."""

    holders = frozenset()


ANYONE = _Anyone()


def import_for(package, name):
    """Import a module as code of a package would."""
    return importlib.import_module(name)


_IMPORT_FOR = import_for.__code__
_calls = frozenset()


def prepare():
    """Look the numbers of some byte codes up. Before the first package: a look-up must not lead to an import."""
    global _calls
    from opcode import opmap

    _calls = frozenset(number for name, number in opmap.items() if "CALL" in name)


def who(frame):
    """The unit, the package, or ``ENVIRONMENT`` or ``ANYONE``, that asks in a frame; ``None`` stands for no frame."""
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
            # Code that was made from text belongs to the code that runs it.
            if not file.startswith("<") or file.startswith("<frozen "):
                if first and not _is_call(frame):
                    return ENVIRONMENT if unit is None else unit
                first = False
        frame = frame.f_back
    return ANYONE


def package_of(frame):
    """The package whose code runs in a frame, or for which a frame imports; ``None`` for other frames."""
    if frame.f_code is _IMPORT_FOR:
        return frame.f_locals["package"]
    return packages.of_file(frame.f_code.co_filename)


def _is_call(frame):
    code, place = frame.f_code.co_code, frame.f_lasti
    # CPython 3.11 may point behind a call, to the entries of its cache, which have the number 0.
    while 0 < place < len(code) and code[place] == 0:
        place -= 2
    return 0 <= place < len(code) and code[place] in _calls


def frame_at(depth):
    """The frame that is ``depth`` calls above the caller's, or ``None``: native code may call without any."""
    try:
        return sys._getframe(depth + 1)
    except ValueError:
        return None


def as_machinery(function):
    """Make a function part of the import machinery, whose frames CPython leaves out of the traceback of an import."""
    function.__code__ = function.__code__.replace(co_filename=_MACHINERY[0])
    return function

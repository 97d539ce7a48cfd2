"""Finds the frames of a thread in which an exception may be raised: those of a package, and of libraries that hold no
lock.
"""

import os
import types

from .. import FOLDER
from ..imports import packages
from . import safe_points

_MACHINERY = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
_STANDARD = os.path.dirname(os.__file__) + os.sep

_LOCK_FREE = frozenset(
    "ast base64 bisect calendar colorsys configparser copy csv decimal difflib email fnmatch fractions ftplib glob"
    " graphlib heapq html http imaplib ipaddress json keyword nntplib numbers os poplib posixpath pprint _pydecimal"
    " quopri re selectors smtplib socket sre_compile sre_parse ssl statistics string stringprep tarfile telnetlib"
    " textwrap token tokenize tomllib urllib xml xmlrpc".split()
)
"""Modules of the standard library that acquire no lock and change no shared state in several steps."""

_LOCKING = frozenset(
    "_thread threading _threading_local queue _queue asyncio _asyncio concurrent multiprocessing _multiprocessing"
    " gevent eventlet trio anyio".split()
)


def frames(frame, libraries):
    """Return the frames of a thread, from the innermost ``frame``, that may be stopped once they are the innermost."""
    found = []
    libraries = libraries and is_lock_free(frame)
    while frame is not None:
        if is_packaged(frame):
            found.append(frame)
            libraries = False
        elif libraries:
            found.append(frame)
        frame = frame.f_back
    return found


def is_packaged(frame):
    """Tell whether a frame runs code of a package. Code run by ``exec`` belongs to the package if its caller does."""
    while frame is not None:
        file = frame.f_code.co_filename
        if packages.is_packaged(file):
            return True
        # Byte-code without its source has the name of the file that it was compiled from.
        module = dict.get(frame.f_globals, "__file__")
        if type(module) is str and packages.is_packaged(module):
            return True
        if not _is_generated(file):
            return False
        frame = frame.f_back
    return False


def is_lock_free(frame):
    """Tell whether all frames between the package and this frame belong to libraries that are known to hold no lock."""
    while frame is not None:
        if is_packaged(frame):
            return True
        file = frame.f_code.co_filename
        if not _is_generated(file) and not _holds_no_lock(frame, file):
            return False
        frame = frame.f_back
    return False


def _is_generated(file):
    return file.startswith("<") and not file.startswith("<frozen")


def _holds_no_lock(frame, file):
    if file.startswith(FOLDER) or file.startswith("<"):
        return False
    names = frame.f_globals
    if file.startswith(_STANDARD) and "-packages" + os.sep not in file[len(_STANDARD) :]:
        name = dict.get(names, "__name__")
        return type(name) is str and name.partition(".")[0] in _LOCK_FREE
    return not any(_takes_locks(value) for value in list(dict.values(names)))


def _takes_locks(value):
    """Tell whether a global of a module belongs to a module that deals with locks. Runs no code of the value."""
    kind = type(value)
    if kind is types.ModuleType:
        name = dict.get(types.ModuleType.__getattribute__(value, "__dict__"), "__name__")
    elif kind is type or kind is types.FunctionType or kind is types.BuiltinFunctionType:
        name = value.__module__
    else:
        name = type.__getattribute__(kind, "__module__")
    return type(name) is str and name.partition(".")[0] in _LOCKING


def is_called_from_cleanup(frame):
    """Tell whether the package called a frame, directly or not, from code that acquires or releases a resource.

    That is a ``finally`` or ``except`` block, or a function such as ``__exit__`` or ``release`` that the host has not
    called itself.
    """
    named = False
    frame = frame.f_back
    while frame is not None:
        if is_packaged(frame):
            if named or safe_points.points_of(frame.f_code).is_cleanup(frame.f_lasti):
                return True
            named = frame.f_code.co_name in safe_points.CLEANUP_FUNCTIONS
        frame = frame.f_back
    return False


def is_outside_imports(frame):
    """Tell whether an exception does not interrupt the import of a module that other code shares.

    Imports of a package's own modules may be interrupted. Modules of Python and of installed libraries may not: threads
    that wait for such a module would continue with an incomplete one (``_lock_unlock_module`` returns the module in any
    case), and an extension module cannot be imported again.
    """
    inner = None
    while frame is not None:
        if inner is not None and _is_machinery(frame) and not _is_machinery(inner) and not is_packaged(inner):
            return False
        inner, frame = frame, frame.f_back
    return True


def _is_machinery(frame):
    return frame.f_code.co_filename in _MACHINERY

"""Raising an exception in the middle of what another thread runs, and taking it back."""

import sys

from . import loading

try:
    import ctypes
except ImportError:  # a Python built without libffi
    ctypes = None


class FidiusCancelled(BaseException):
    """Raised in plugin code when its caller has given up the call.

    No ``Exception``, so that ``except Exception`` does not hold it up. It can be raised at any line: what must not be left
    half done belongs into a ``finally``.
    """


available = ctypes is not None
"""Whether running Python code can be interrupted at all."""

if available:
    # Prototypes of our own: those of ``ctypes.pythonapi`` are shared with every plugin that uses ctypes.
    _set = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.py_object)(
        ("PyThreadState_SetAsyncExc", ctypes.pythonapi)
    )
    _clear = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p)(
        ("PyThreadState_SetAsyncExc", ctypes.pythonapi)
    )


_IMPORT_MACHINERY = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")


def may_hit(frame):
    """Whether an exception may be raised in a frame: not in the midst of an import, but for one of a package's own modules.

    Between two lines of the machinery a thread takes a lock that all imports of the process need. An exception between the
    taking and the ``try`` that follows (possible since CPython 3.11) would leave it taken for ever. And a module of Python or
    of an installed library belongs to everybody: threads that wait for it would go on with the half of it that was run
    (``_lock_unlock_module`` returns whatever module it waited for), and one written in C cannot be imported again.
    """
    if frame is not None and _is_machinery(frame):
        return False
    inner = None
    while frame is not None:
        if inner is not None and _is_machinery(frame) and not _is_machinery(inner):
            if not loading.is_packaged(inner.f_code.co_filename):
                return False
        inner, frame = frame, frame.f_back
    return True


def _is_machinery(frame):
    return frame.f_code.co_filename in _IMPORT_MACHINERY


def may_interrupt(ident):
    """The same for what the thread ``ident`` runs now. While the caller holds the GIL it runs nothing else."""
    return may_hit(sys._current_frames().get(ident))


def interrupt(ident):
    """Have the thread ``ident`` raise ``FidiusCancelled`` at its next byte code. Code in C goes on until it returns."""
    if available:
        _set(ident, FidiusCancelled)


def withdraw(ident):
    """Take back what ``interrupt`` did, if it was not raised yet. Called by the thread itself."""
    if available:
        _clear(ident, None)

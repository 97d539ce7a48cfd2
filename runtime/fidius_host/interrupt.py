"""Raising an exception in the middle of what another thread runs, and taking it back."""

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


def interrupt(ident):
    """Have the thread ``ident`` raise ``FidiusCancelled`` at its next byte code. Code in C goes on until it returns."""
    if available:
        _set(ident, FidiusCancelled)


def withdraw(ident):
    """Take back what ``interrupt`` did, if it was not raised yet. Called by the thread itself."""
    if available:
        _clear(ident, None)

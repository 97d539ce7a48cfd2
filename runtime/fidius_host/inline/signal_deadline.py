"""Deadlines of calls on the host's own thread: a signal interrupts them, also while they wait."""

import ctypes
import signal
import threading
import time

from ..process import own_settings
from ..stopping import interruption

_SLACK_SECONDS = 0.002

_deadlines = []


def install(address):
    """Install a signal handler that interrupts the calling thread, which must be Python's main thread.

    ``address`` points to three doubles of the host: the deadline of the current call by ``time.monotonic`` (0 if there
    is none), how often a deadline has passed, and whether ``end`` must be called at the end of the call. Returns
    ``{"signal"}``, or ``{"refused"}`` with the reason.
    """
    if threading.get_ident() != threading.main_thread().ident:
        return {"refused": "another thread started Python, and only that thread can be interrupted"}
    if not interruption.available:
        return {"refused": "this Python cannot interrupt running code"}
    number = _free_signal()
    if number is None:
        return {"refused": "every real-time signal is taken"}
    interruption.prepare()
    deadline = _Deadline((ctypes.c_double * 3).from_address(address))
    try:
        signal.signal(number, deadline.at_signal)
    except ValueError as error:
        return {"refused": str(error)}
    _deadlines.append(deadline)
    own_settings.signals.add(number)
    return {"signal": int(number)}


class _Deadline:
    """The deadline of the current call. After it has passed, the signal arrives every few milliseconds."""

    def __init__(self, cells):
        self._cells = cells
        self._interruption = None

    def at_signal(self, _, frame):
        # A late signal of an earlier call must not interrupt this one. If this one is late, too, the signal is
        # repeated.
        if frame is None or not self._is_due():
            return
        if self._interruption is None:
            self._interruption = interruption.here(self._is_due, self._count)
            self._cells[2] = 1
        if self._interruption.update(frame):
            self._interruption.raise_here()

    def end(self):
        if self._interruption is not None:
            self._interruption.end()
            self._interruption = None
        self._cells[2] = 0

    def _count(self):
        self._cells[1] += 1

    def _is_due(self):
        return self._cells[0] != 0 and time.monotonic() >= self._cells[0] - _SLACK_SECONDS


def end():
    """End the interruption of a call that has ended."""
    for deadline in _deadlines:
        deadline.end()


def now():
    """Return the time of the clock that deadlines refer to."""
    return time.monotonic()


def _free_signal():
    """Return an unused real-time signal. The lowest ones are not taken, because libraries begin with them."""
    if not hasattr(signal, "SIGRTMAX"):
        return None
    for number in range(signal.SIGRTMAX - 1, signal.SIGRTMIN, -1):
        if signal.getsignal(number) == signal.SIG_DFL:
            return number
    return None

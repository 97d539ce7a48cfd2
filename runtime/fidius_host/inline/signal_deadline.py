"""Deadlines for calls on the host's own thread: a signal interrupts them, also while they wait."""

import ctypes
import signal
import threading
import time

from ..process import own_settings
from ..stopping import interruption

_SLACK_SECONDS = 0.002

_deadlines = []


def install(address):
    """Have a signal interrupt the calling thread, which must be Python's main thread.

    ``address`` is that of three doubles of the host's: the time, by ``time.monotonic``, at which the current call is over (0
    when there is none), how often that came true, and whether ``end`` must be called when the call has ended. Returns
    ``{"signal"}``, or ``{"refused"}`` with the reason.
    """
    if threading.get_ident() != threading.main_thread().ident:
        return {"refused": "another thread started Python, and only that one can be interrupted"}
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
    """The deadline of the current call. The signal comes every few milliseconds once the time is over."""

    def __init__(self, cells):
        self._cells = cells
        self._interruption = None

    def at_signal(self, _, frame):
        # The signal of an earlier call may come late: it must not hit a call whose time is not over. It comes again.
        if frame is None or not self._is_due():
            return
        if self._interruption is None:
            self._interruption = interruption.here(self._is_due, self._count)
            self._cells[2] = 1
        if self._interruption.look(frame):
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
    """End the interruption of a call that is over."""
    for deadline in _deadlines:
        deadline.end()


def now():
    """The clock that deadlines are given by."""
    return time.monotonic()


def _free_signal():
    """A real-time signal that nobody has asked for. The lowest are left to libraries, which begin there."""
    if not hasattr(signal, "SIGRTMAX"):
        return None
    for number in range(signal.SIGRTMAX - 1, signal.SIGRTMIN, -1):
        if signal.getsignal(number) == signal.SIG_DFL:
            return number
    return None

"""Deadlines for calls on the host's own thread: a signal interrupts them, also while they wait."""

import ctypes
import signal
import threading
import time

from .interrupt import FidiusCancelled, may_hit

_SLACK_SECONDS = 0.002

_cells = {}


def install(address):
    """Have a signal interrupt the calling thread, which must be Python's main thread.

    ``address`` is that of two doubles of the host's: the time, by ``time.monotonic``, at which the current call is over (0
    when there is none), and how often that came true. Returns ``{"signal"}``, or ``{"refused"}`` with the reason.
    """
    if threading.get_ident() != threading.main_thread().ident:
        return {"refused": "another thread started Python, and only that one can be interrupted"}
    number = _free_signal()
    if number is None:
        return {"refused": "every real-time signal is taken"}
    deadline = (ctypes.c_double * 2).from_address(address)

    def interrupt(_, frame):
        # The signal of an earlier call may come late: it must not hit a call whose time is not over. It comes again.
        if deadline[0] != 0 and time.monotonic() >= deadline[0] - _SLACK_SECONDS and may_hit(frame):
            deadline[1] += 1
            raise FidiusCancelled

    try:
        signal.signal(number, interrupt)
    except ValueError as error:
        return {"refused": str(error)}
    _cells[number] = deadline
    return {"signal": int(number)}


def now():
    """The clock that deadlines are given by."""
    return time.monotonic()


def own_signals():
    """The signals that this module handles."""
    return list(_cells)


def _free_signal():
    """A real-time signal that nobody has asked for. The lowest are left to libraries, which begin there."""
    if not hasattr(signal, "SIGRTMAX"):
        return None
    for number in range(signal.SIGRTMAX - 1, signal.SIGRTMIN, -1):
        if signal.getsignal(number) == signal.SIG_DFL:
            return number
    return None

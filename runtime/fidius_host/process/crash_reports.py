"""Makes ``faulthandler`` work in a process whose WebAssembly relies on a signal handler.

V8 detects accesses beyond the end of a WebAssembly memory by ``SIGSEGV``. ``faulthandler`` would replace the handler of
V8: it prints, restores the previous handler and raises the signal again, but V8 does not accept raised signals.
Therefore V8's handler stays first, and passes on other faults: Node has a function for that.
"""

import faulthandler
import _signal
import sys

_ACTION_BYTES = 512
"""At least the size of a ``struct sigaction`` on every system. It begins with the handler."""

_TRAPS = [_signal.SIGSEGV] if sys.platform != "darwin" else [_signal.SIGSEGV, _signal.SIGBUS]


def install():
    """Replace the functions of ``faulthandler`` that set handlers. Called once, at the start."""
    faulthandler.enable = _as(faulthandler.enable, _enable)
    faulthandler.disable = _as(faulthandler.disable, _disable)


def _enable(original, *args, **kwargs):
    traps = _Traps.find()
    if traps is None or faulthandler.is_enabled():
        return original(*args, **kwargs)
    before = traps.read()
    # After a report the signal ends the process.
    traps.write(traps.defaults())
    reporters = None
    try:
        original(*args, **kwargs)
        reporters = traps.read()
    finally:
        traps.write(before)
    traps.hand_on(reporters)


def _disable(original):
    traps = _Traps.find()
    if traps is None or not faulthandler.is_enabled():
        return original()
    before = traps.read()
    try:
        return original()
    finally:
        traps.write(before)
        traps.hand_on(None)


class _Traps:
    """The handlers of the signals by which V8 detects such accesses."""

    @classmethod
    def find(cls):
        """Return the handlers, or ``None`` if there are none, as with ``--disable-wasm-trap-handler``."""
        traps = cls()
        return traps if any(_handler(action) > 1 for action in traps.read()) else None

    def __init__(self):
        import ctypes

        self._ctypes = ctypes
        self._process = ctypes.CDLL(None)

    def defaults(self):
        return [bytes(_ACTION_BYTES) for _ in _TRAPS]

    def read(self):
        actions = []
        for number in _TRAPS:
            action = self._ctypes.create_string_buffer(_ACTION_BYTES)
            self._process.sigaction(int(number), None, action)
            actions.append(action.raw)
        return actions

    def write(self, actions):
        for number, action in zip(_TRAPS, actions):
            self._process.sigaction(int(number), action, None)

    def hand_on(self, reporters):
        """Let Node call a reporter for other faults; ``None`` ends the process as without ``faulthandler``."""
        ctypes = self._ctypes
        try:
            register = self._process._ZN4node21RegisterSignalHandlerEiPFviP9siginfo_tPvEb
            # Node requires a function. This one lets the system end the process when the access is repeated.
            end = ctypes.cast(self._process.sigignore, ctypes.c_void_p).value
        except AttributeError:
            return  # a program that embeds Node: traps still work, but without reports
        reporter = end if reporters is None else _handler(reporters[0])
        register(int(_signal.SIGSEGV), ctypes.c_void_p(reporter), ctypes.c_bool(False))


def _handler(action):
    return int.from_bytes(action[:8], sys.byteorder)


def _as(original, function):
    def replacement(*args, **kwargs):
        return function(original, *args, **kwargs)

    replacement.__name__ = replacement.__qualname__ = original.__name__
    replacement.__doc__ = original.__doc__
    return replacement

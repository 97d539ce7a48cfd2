"""Watches one thread by a trace function that another thread sets: CPython 3.9 to 3.11.

``_PyEval_SetTrace`` takes the thread state and is exported for debuggers. It needs the C function behind
``sys.settrace``, which this module reads from the state of a thread that has a trace function.
"""

import sys

from . import stoppable_frames

try:
    import ctypes
except ImportError:  # a Python built without libffi
    ctypes = None

available = ctypes is not None and hasattr(ctypes.pythonapi, "_PyEval_SetTrace")

if available:
    # Separate prototypes: those of ``ctypes.pythonapi`` are shared with every plugin that uses ctypes.
    _set_trace = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(
        ("_PyEval_SetTrace", ctypes.pythonapi)
    )
    _this_state = ctypes.PYFUNCTYPE(ctypes.c_void_p)(("PyThreadState_Get", ctypes.pythonapi))

_WORD = 8
_STATE_WORDS = 20
"""Size of the part of a thread state that is searched.

The functions are among the first fields in all these versions.
"""

_layout = None


def prepare():
    if available:
        _find_layout()


def this_thread():
    """Return the state of the calling thread. It is valid until the thread ends."""
    return _this_state() if available else None


def watch(interruption, frames):
    """Have the thread call ``at_instruction`` before each instruction of the frames and of functions that it calls."""
    if not available:
        return
    if not interruption.watched:
        interruption.watched = _Watch(interruption)
    interruption.watched.begin(frames)


def unwatch(interruption):
    if interruption.watched:
        interruption.watched.pause()


def release(interruption):
    """Restore the trace function of the thread. By the thread itself."""
    if interruption.watched:
        interruption.watched.restore()
        interruption.watched = None


class _Watch:
    def __init__(self, interruption):
        self._interruption = interruption
        self._state = interruption.thread
        self._global = self._trace
        self._local = self._step
        self._frames = []
        self._before = _read(self._state)

    def begin(self, frames):
        if _read(self._state)[1] is not self._global:
            _write(self._state, (_trampoline(), self._global))
        for frame in frames:
            self._watch(frame)

    def pause(self):
        """Suspend events until the next update. CPython removes a trace function that has raised."""
        for frame, trace, opcodes in self._frames:
            if frame.f_trace is self._local:
                frame.f_trace = trace
                frame.f_trace_opcodes = opcodes
        self._frames.clear()

    def restore(self):
        if _read(self._state)[1] is self._global or self._before[1] is not None:
            _write(self._state, self._before)
        self._interruption = self._global = self._local = None

    def _watch(self, frame):
        if frame.f_trace is not self._local:
            self._frames.append((frame, frame.f_trace, frame.f_trace_opcodes))
            frame.f_trace_opcodes = True
            frame.f_trace = self._local

    def _trace(self, frame, event, argument):
        if self._interruption is None or not stoppable_frames.is_packaged(frame):
            return None
        frame.f_trace_opcodes = True
        return self._local

    def _step(self, frame, event, argument):
        if event == "opcode" and self._interruption is not None:
            self._interruption.at_instruction(frame, frame.f_lasti)
        return self._local


def _read(state):
    """Return the trace function of a thread: the address of the C function, and its argument."""
    at = state + _offset()
    function = ctypes.c_void_p.from_address(at).value
    argument = ctypes.c_void_p.from_address(at + 2 * _WORD).value
    return function, ctypes.cast(argument, ctypes.py_object).value if argument else None


def _write(state, trace):
    function, argument = trace
    _set_trace(state, function, None if argument is None else id(argument))


def _trampoline():
    return _find_layout()[1]


def _offset():
    return _find_layout()[0]


def _find_layout():
    """Return the offset of the trace function in a thread state, and the C function that ``sys.settrace`` stores there.
    """
    global _layout
    if _layout is None:
        state = _this_state()
        before = sys.gettrace()
        sys.settrace(_trace_nothing)
        try:
            words = (ctypes.c_void_p * _STATE_WORDS).from_address(state)
            at = next(index for index in range(_STATE_WORDS) if words[index] == id(_trace_nothing)) - 2
            _layout = (at * _WORD, words[at])
        finally:
            sys.settrace(before)
    return _layout


def _trace_nothing(frame, event, argument):
    return None

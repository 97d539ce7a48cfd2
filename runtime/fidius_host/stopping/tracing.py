"""Watching one thread by a trace function, which another thread sets: CPython 3.9 to 3.11.

``_PyEval_SetTrace`` takes the thread's state and is exported for debuggers; it wants the C function behind
``sys.settrace``, which is found in the state of a thread that uses it.
"""

import sys

from . import stoppable_frames

try:
    import ctypes
except ImportError:  # a Python built without libffi
    ctypes = None

available = ctypes is not None and hasattr(ctypes.pythonapi, "_PyEval_SetTrace")

if available:
    # Prototypes of our own: those of ``ctypes.pythonapi`` are shared with every plugin that uses ctypes.
    _set_trace = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(
        ("_PyEval_SetTrace", ctypes.pythonapi)
    )
    _this_state = ctypes.PYFUNCTYPE(ctypes.c_void_p)(("PyThreadState_Get", ctypes.pythonapi))

_WORD = 8
_STATE_WORDS = 20
"""How far into the state of a thread to look: the functions are among the first fields in all these versions."""

_layout = None


def prepare():
    if available:
        _find_layout()


def this_thread():
    """The state of the calling thread, for ``Interruption``. Valid until the thread ends."""
    return _this_state() if available else None


def watch(interruption, frames):
    """Have the thread call ``visit`` before each instruction of the frames, and of functions that it begins to run."""
    if not available:
        return
    if not interruption.watched:
        interruption.watched = _Watch(interruption)
    interruption.watched.begin(frames)


def unwatch(interruption):
    if interruption.watched:
        interruption.watched.rest()


def release(interruption):
    """The thread itself has no trace function of ours any more."""
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

    def rest(self):
        """No events until the next look. A trace function that raised is removed by CPython."""
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
            self._interruption.visit(frame, frame.f_lasti)
        return self._local


def _read(state):
    """The trace function of a thread: the C function as an address, and its argument."""
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
    """Where the state of a thread holds its trace function, and the C function that ``sys.settrace`` puts there."""
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

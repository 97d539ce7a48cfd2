"""Stops the Python code of a thread at places where no lock stays acquired.

``PyThreadState_SetAsyncExc`` raises at an arbitrary place: for example between ``acquire()`` and ``try`` in
``logging``, or at the first instruction of a ``release()``. Therefore this module never sends an exception to a thread.
Instead it watches the code of the package. The watching code runs on the thread itself and decides at each instruction
whether to raise there. Up to CPython 3.11 a trace function watches one thread (``tracing.py``); later versions watch
code objects (``monitoring.py``).
"""

import sys
import threading
import time

from . import safe_points, stoppable_frames

if sys.version_info >= (3, 12):
    from . import monitoring as _watching
else:
    from . import tracing as _watching

REPEAT_SECONDS = 1.0
"""Code that runs on after an interruption is interrupted again after this time, which it has to clean up."""

LIBRARY_SECONDS = 0.25
"""After this time a loop in a library may be interrupted if the library is known to hold no lock."""

EVERYWHERE_SECONDS = 5.0
"""After this time every loop of the package may be interrupted, including one in a ``finally`` block or in ``close()``.
"""

_WAIT_SECONDS = 0.005
_WAITS = 3


class FidiusCancelled(BaseException):
    """Raised in plugin code when its call was cancelled or has timed out.

    It is not an ``Exception``, so that ``except Exception`` does not catch it. It is raised in code of the package, at
    the start of a statement or of a pass through a loop.
    """


available = _watching.available
"""Whether running Python code can be interrupted at all."""

this_thread = _watching.this_thread
"""Returns what ``Interruption`` needs to know about the calling thread."""


def prepare():
    """Import what interruptions need. Must not be called in plugin code, which may be importing the same modules."""
    safe_points.prepare()
    _watching.prepare()


class Interruption:
    """One attempt to stop the code that a thread runs.

    ``update`` may be called repeatedly by any thread that holds the lock of the window: the longer the attempt lasts,
    the more places count as safe. Only the thread itself calls ``end``. ``is_due`` tells whether the thread still runs
    the code to stop.
    """

    def __init__(self, ident, thread, is_due, count=None):
        self.thread = thread
        self.ident = ident
        self.watched = {}
        """State of the watching code for this thread."""
        self._is_due = is_due
        self._count = count
        self._since = time.monotonic()
        self._raised_at = None
        self._libraries = False
        self._everywhere = False
        self._position = None
        self._updated_at = 0.0
        self._waits = 0
        self._updating = False

    def update(self, frame=None):
        """Watch the frames in which the thread may be stopped.

        Returns whether the thread waits in a C function that was called from such a frame. In that case only the thread
        itself may raise, in a signal handler. It passes its innermost ``frame``.
        """
        if self._updating:
            return False  # a signal arrived while the handler of the previous one was running
        self._updating = True
        try:
            return self._update(frame)
        finally:
            self._updating = False

    def _update(self, frame):
        now = time.monotonic()
        if self._raised_at is not None:
            if now - self._raised_at < REPEAT_SECONDS:
                _watching.unwatch(self)
                return False
            self._raised_at = None
            self._since = now
        age = now - self._since
        self._everywhere = age > EVERYWHERE_SECONDS
        self._libraries = age > LIBRARY_SECONDS
        if frame is None:
            frame = sys._current_frames().get(self.ident)
        if frame is None:
            return False
        _watching.watch(self, stoppable_frames.frames(frame, self._libraries))
        return self._is_waiting(frame, now) and self._is_stoppable(frame)

    def _is_waiting(self, frame, now):
        """Tell whether the thread is in a C function and has not just returned from it.

        On a busy machine signals can arrive so fast that the thread runs nothing in between. Therefore only updates
        count that come some time after the end of the previous one, and a single one is not enough.
        """
        last, self._position = self._position, (id(frame), frame.f_lasti)
        if last != self._position:
            self._waits = 0
        elif now - self._updated_at >= _WAIT_SECONDS:
            self._waits += 1
        self._updated_at = time.monotonic()
        return self._waits >= _WAITS

    def at_instruction(self, frame, offset):
        """Raise if this is a safe place. Called on the thread itself before an instruction."""
        points = safe_points.points_of(frame.f_code)
        if offset not in points.all:
            return
        self._position = None
        if self._raised_at is None and self._is_due() and self._may_raise(frame, offset, points):
            self.raise_here()

    def note_raised(self):
        """The code was interrupted, here or by other means: it has ``REPEAT_SECONDS`` to clean up."""
        self._raised_at = time.monotonic()

    def raise_here(self):
        self.note_raised()
        if self._count is not None:
            self._count()
        raise FidiusCancelled

    def end(self):
        """Stop watching, and raise no exception any more. By the thread itself."""
        self._is_due = _never
        _watching.unwatch(self)
        _watching.release(self)

    def _may_raise(self, frame, offset, points):
        if stoppable_frames.is_packaged(frame):
            allowed = points.all if self._everywhere else points.statements
        else:
            allowed = points.loops
        return offset in allowed and self._is_stoppable(frame)

    def _is_stoppable(self, frame):
        if not stoppable_frames.is_packaged(frame) and not (self._libraries and stoppable_frames.is_lock_free(frame)):
            return False
        if not stoppable_frames.is_outside_imports(frame):
            return False
        return self._everywhere or not stoppable_frames.is_called_from_cleanup(frame)


def _never():
    return False


def here(is_due, count):
    """Return an interruption of the calling thread. ``count`` is called for each exception that it raises."""
    return Interruption(threading.get_ident(), this_thread(), is_due, count)

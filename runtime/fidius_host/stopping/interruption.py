"""Stopping the Python code of a thread, only where no lock can be left behind.

``PyThreadState_SetAsyncExc`` raises wherever the thread happens to be a moment later: between ``acquire()`` and ``try`` in
``logging``, or at the first instruction of a ``release()``. So an exception is never sent to a thread. The code of the
package is watched instead, and the watching code, which runs on the thread itself, decides at each instruction whether to
raise there. Up to CPython 3.11 a trace function watches one thread (``tracing.py``); later versions watch code objects
(``monitoring.py``).
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
"""Code that goes on after an interruption is interrupted again, but only after it had that long to clean up."""

LIBRARY_SECONDS = 0.25
"""After that time a loop in a library may be interrupted, if the library is known to hold no lock."""

INSIST_SECONDS = 5.0
"""After that time every loop of the package may be interrupted, including one in a ``finally`` block or in ``close()``."""

_WAIT_SECONDS = 0.005
_WAITS = 3


class FidiusCancelled(BaseException):
    """Raised in plugin code when its caller does not wait for the call any longer.

    Not an ``Exception``, so that ``except Exception`` does not stop it. It is raised in code of the package, at the start of
    a statement or of a pass through a loop.
    """


available = _watching.available
"""Whether running Python code can be interrupted at all."""

this_thread = _watching.this_thread
"""What ``Interruption`` needs to know of the calling thread."""

def prepare():
    """Get what interrupting needs. To be called where the thread runs no plugin code, which may be importing the same."""
    safe_points.prepare()
    _watching.prepare()


class Interruption:
    """One attempt to stop what a thread runs.

    ``look`` may be called by any thread that holds the lock of the window, again and again: the longer the attempt lasts,
    the more places count as safe. ``end`` is for the thread itself. ``is_due`` tells whether the code that the thread runs
    still is the code to stop.
    """

    def __init__(self, ident, thread, is_due, count=None):
        self.thread = thread
        self.ident = ident
        self.watched = {}
        """What the watching code keeps for this thread."""
        self._is_due = is_due
        self._count = count
        self._since = time.monotonic()
        self._raised_at = None
        self._libraries = False
        self._insistent = False
        self._place = None
        self._looked = 0.0
        self._waits = 0
        self._looking = False

    def look(self, frame=None):
        """Watch the frames in which the thread may be stopped.

        True when the thread waits in a C function that was called from such a frame. Only the thread itself, in a signal
        handler, may raise then. It passes its innermost ``frame``.
        """
        if self._looking:
            return False  # a signal came while the handler of the last one ran
        self._looking = True
        try:
            return self._look(frame)
        finally:
            self._looking = False

    def _look(self, frame):
        now = time.monotonic()
        if self._raised_at is not None:
            if now - self._raised_at < REPEAT_SECONDS:
                _watching.unwatch(self)
                return False
            self._raised_at = None
            self._since = now
        age = now - self._since
        self._insistent = age > INSIST_SECONDS
        self._libraries = age > LIBRARY_SECONDS
        if frame is None:
            frame = sys._current_frames().get(self.ident)
        if frame is None:
            return False
        _watching.watch(self, stoppable_frames.frames(frame, self._libraries))
        return self._has_waited(frame, now) and self._is_stoppable(frame)

    def _has_waited(self, frame, now):
        """Whether the thread is in a function in C, and has not just returned from it.

        On a busy machine signals come in a row, and the thread runs nothing in between. So only looks count that come some
        time after the last one ended, and one is not enough.
        """
        last, self._place = self._place, (id(frame), frame.f_lasti)
        if last != self._place:
            self._waits = 0
        elif now - self._looked >= _WAIT_SECONDS:
            self._waits += 1
        self._looked = time.monotonic()
        return self._waits >= _WAITS

    def visit(self, frame, offset):
        """Raise if this is a safe place. Called by the thread itself before an instruction."""
        points = safe_points.points_of(frame.f_code)
        if offset not in points.all:
            return
        self._place = None
        if self._raised_at is None and self._is_due() and self._may_raise(frame, offset, points):
            self.raise_here()

    def raise_here(self):
        self._raised_at = time.monotonic()
        if self._count is not None:
            self._count()
        raise FidiusCancelled

    def end(self):
        """Watch nothing any more, and raise nothing. By the thread itself."""
        self._is_due = _never
        _watching.unwatch(self)
        _watching.release(self)

    def _may_raise(self, frame, offset, points):
        if stoppable_frames.is_packaged(frame):
            allowed = points.all if self._insistent else points.calm
        else:
            allowed = points.loops
        return offset in allowed and self._is_stoppable(frame)

    def _is_stoppable(self, frame):
        known = stoppable_frames.is_packaged(frame) or (self._libraries and stoppable_frames.is_lock_free(frame))
        return known and stoppable_frames.is_whole(frame) and (self._insistent or not stoppable_frames.is_called_to_clean_up(frame))


def _never():
    return False


def here(is_due, count):
    """An interruption for the calling thread. ``count`` is called with each exception that is raised."""
    return Interruption(threading.get_ident(), this_thread(), is_due, count)

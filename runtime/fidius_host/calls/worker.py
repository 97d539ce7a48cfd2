"""A thread that runs calls, and the time window in which its call may be interrupted."""

import threading

from ..process import fork_guard
from ..stopping import interruption


_here = threading.local()


def of_this_thread():
    """Return the worker of the calling thread, of any server; ``None`` for a thread of another origin."""
    return getattr(_here, "worker", None)


class Worker:
    """The state of a thread that runs calls, as far as other threads may see it.

    An interruption must stop the call it is meant for and never the next one, and short calls must not become slower
    for that. Therefore no lock is held during a call. Another thread that wants to act on a running call first sets
    ``needs_attention`` and then reads ``call``, under the lock. The thread itself first clears ``call`` and then reads
    ``needs_attention``. At least one of the two sees the change of the other. This relies on the GIL, under which all
    threads see single reads and writes of attributes in the same order.
    """

    __slots__ = (
        "lock",
        "name",
        "ident",
        "thread",
        "call",
        "starting",
        "plugin",
        "needs_attention",
        "interruption",
        "interrupted",
        "forked",
        "unsent",
        "wake_lock",
        "stuck",
        "reading",
        "moved",
        "waits",
        "waiting",
    )

    def __init__(self, lock, name):
        self.lock = lock
        self.name = name
        self.ident = None
        self.thread = None
        self.call = None
        """Number of the running call. While it is set, ``FidiusCancelled`` may be raised in code of its package."""
        self.starting = None
        """Number of a call from the moment it is assigned to this thread. Under the lock, except on a loop thread."""
        self.plugin = None
        """The plugin whose call runs, or ran last."""
        self.needs_attention = False
        self.interruption = None
        self.interrupted = False
        """Whether the call was interrupted, or is about to be."""
        self.forked = False
        """Whether this is the copy of the thread in a forked process."""
        self.unsent = []
        """Answers that were not sent yet."""
        self.wake_lock = threading.Lock()
        """Acquired while the thread has no work. Released to wake it."""
        self.wake_lock.acquire()
        self.stuck = False
        self.reading = False
        """Whether the leading thread reads frames inside of a call, which waits for one of them. Under the lock."""
        self.waiting = False
        """Whether the call of a thread of the pool waits for a host function. Under the lock."""
        self.waits = 0
        """Number of times that its calls have read frames themselves: a call that does so often keeps nothing waiting."""
        self.moved = False
        """Whether it has done so since the leading thread last looked: the position in the buffer is another one."""

    def adopt_thread(self):
        """Bind the worker to the calling thread, before it does anything else."""
        _here.worker = self
        self.ident = threading.get_ident()
        self.thread = interruption.this_thread()

    def interrupt(self, call):
        """Interrupt a call if this thread is running it; otherwise return false. Under the lock, by another thread.

        The caller repeats this until the call has ended, because the code that can be interrupted changes as the call
        runs.
        """
        self.needs_attention = True
        if self.call != call:
            return False
        self._begin_interruption(call).update()
        return True

    def begin_output(self, plugin):
        """What the thread prints from here on is output of the plugin. Returns what ``end_output`` takes.

        No call of the host has the number -1, so that nothing interrupts the code.
        """
        before = self.plugin, self.call
        self.plugin, self.call = plugin, -1
        return before

    def end_output(self, before):
        self.plugin, self.call = before

    def note_cancelled(self):
        """``FidiusCancelled`` is about to be raised in code of the host that the running call waits in.

        The call has the usual time to clean up before it is interrupted. Does nothing on other threads than this one.
        """
        if threading.get_ident() != self.ident:
            return
        with self.lock:
            if self.call is not None:
                self.needs_attention = True
                self._begin_interruption(self.call).note_raised()

    def _begin_interruption(self, call):
        """Return the interruption of the running call. Under the lock."""
        if self.interruption is None:
            self.interruption = interruption.Interruption(self.ident, self.thread, lambda: self.call == call)
            self.interrupted = True
        return self.interruption

    def end_window(self):
        """Protect the rest of the call from interruption, and return whether one was due. By the thread itself."""
        self.call = None
        return self.handle_attention() if self.needs_attention else False

    def handle_attention(self):
        """Act on ``needs_attention`` after a call: no exception can arrive from here on.

        Returns whether the call was to be interrupted.
        """
        if self.forked:
            # A method has returned in a forked copy of the process, which must not serve calls.
            fork_guard.end_child()
        with self.lock:
            interrupted = self.interruption is not None
            if interrupted:
                self.interruption.end()
                self.interruption = None
                self.interrupted = False
            self.needs_attention = False
        return interrupted

"""A thread that runs calls, and the window in which the call it runs may be interrupted."""

import threading

from ..process import fork_guard
from ..stopping import interruption


class Worker:
    """What others may know of a thread that runs calls.

    An interruption must hit the call it is meant for and never the next one, and a short call must not pay for that. So
    there is no lock around a call. Whoever wants something of a running call sets ``attention`` first and looks at
    ``call`` second, under the lock; the thread itself takes its call out of ``call`` first and looks at ``attention``
    second. One of the two is bound to see the other. All of it rests on the GIL, under which single reads and writes of
    attributes happen in one order for everybody.
    """

    __slots__ = (
        "lock",
        "name",
        "ident",
        "thread",
        "call",
        "starting",
        "target",
        "attention",
        "interruption",
        "interrupted",
        "forked",
        "out",
        "baton",
        "stuck",
    )

    def __init__(self, lock, name):
        self.lock = lock
        self.name = name
        self.ident = None
        self.thread = None
        self.call = None
        """Number of the call that runs now. While it is set, ``FidiusCancelled`` may be raised in code of its package."""
        self.starting = None
        """Number of a call from the moment it was assigned to this thread. Under the lock, except on the thread of a loop."""
        self.target = None
        """The plugin whose call runs, or ran last."""
        self.attention = False
        self.interruption = None
        self.interrupted = False
        """Whether the call was interrupted, or is about to be."""
        self.forked = False
        self.out = []
        """Answers that were not sent yet."""
        self.baton = threading.Lock()
        self.baton.acquire()
        self.stuck = False

    def adopt_thread(self):
        """To be called by the thread itself, before anything else."""
        self.ident = threading.get_ident()
        self.thread = interruption.this_thread()

    def interrupt(self, call):
        """Interrupt a call if this thread is running it; false when it is not. Under the lock, by another thread.

        To be called again and again until the call has ended: what can be interrupted changes with what it does.
        """
        self.attention = True
        if self.call != call:
            return False
        if self.interruption is None:
            self.interruption = interruption.Interruption(self.ident, self.thread, lambda: self.call == call)
            self.interrupted = True
        self.interruption.look()
        return True

    def end_window(self):
        """Keep interruptions away from the rest of this thread's call; return whether one was due. By the thread itself."""
        self.call = None
        return self.settle() if self.attention else False

    def settle(self):
        """End a call that needs attention: from here on no exception can arrive. Returns whether one was due."""
        if self.forked:
            # The copy of the process that a plugin forked came back from the method. It is no second host.
            fork_guard.end_child()
        with self.lock:
            interrupted = self.interruption is not None
            if interrupted:
                self.interruption.end()
                self.interruption = None
                self.interrupted = False
            self.attention = False
        return interrupted

"""A thread that runs calls, and the window in which the call it runs may be interrupted."""

import threading

from . import fork, interrupt


class Worker:
    """What others may know of a thread that runs calls.

    An interruption must hit the call it is meant for and never the next one, and a short call must not pay for that. So
    there is no lock around a call. Whoever wants something of a running call sets ``attention`` first and looks at
    ``call`` second, under the lock; the thread itself takes its call out of ``call`` first and looks at ``attention``
    second. One of the two is bound to see the other. All of it rests on the GIL, under which single reads and writes of
    attributes happen in one order for everybody.
    """

    __slots__ = ("lock", "name", "ident", "call", "target", "attention", "interrupted", "forked", "out", "baton", "stuck")

    def __init__(self, lock, name):
        self.lock = lock
        """An ``RLock``: see ``_settle``."""
        self.name = name
        self.ident = None
        self.call = None
        """Number of the call that runs now. While it is set, ``FidiusCancelled`` may be raised at any line."""
        self.target = None
        """The plugin whose call runs, or ran last."""
        self.attention = False
        self.interrupted = False
        self.forked = False
        self.out = []
        """Answers that were not sent yet."""
        self.baton = threading.Lock()
        self.baton.acquire()
        self.stuck = False

    def adopt_thread(self):
        """To be called by the thread itself, before anything else."""
        self.ident = threading.get_ident()

    def interrupt(self, call):
        """Interrupt a call if this thread is running it; false when it is not. Under the lock, by another thread.

        When it is in the midst of an import nothing is done yet: ``interrupted`` tells, and one has to come again.
        """
        self.attention = True
        if self.call != call:
            return False
        if interrupt.may_interrupt(self.ident):
            self.interrupted = True
            interrupt.interrupt(self.ident)
        return True

    def end_window(self):
        """Let nobody interrupt the rest of the call that this thread runs. By the thread itself."""
        self.call = None
        if self.attention:
            self.settle()

    def settle(self):
        """End a call that somebody paid attention to: from here on no exception can arrive any more."""
        if self.forked:
            # The copy of the process that a plugin forked came back from the method. It is no second host.
            fork.end_child()
        try:
            self._settle()
        except interrupt.FidiusCancelled:
            self._settle()  # there is no second one
            raise

    def _settle(self):
        """Can be begun again when it was interrupted, which may happen as long as nothing was withdrawn.

        Even between the taking of a lock and what follows it, in CPython 3.14 also in a ``with`` (gh-148874), which would
        leave the lock taken for ever. Hence a lock that knows its owner.
        """
        lock = self.lock
        if not lock._is_owned():
            lock.acquire()
        if self.interrupted:
            interrupt.withdraw(self.ident)
            self.interrupted = False
        self.attention = False
        lock.release()

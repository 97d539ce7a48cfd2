"""A plugin as the call server sees it: what to call, how, and how many at a time."""

from collections import deque

from ..plugins.call_contexts import Context

# What is special about a method. Most are not: they are short functions, called by the thread that reads them.
SLOW = 1
"""The last call kept its thread for long: somebody else has to read on while it runs."""
ON_LOOP = 2
"""Answers with a coroutine: belongs on the asyncio loop of the plugin."""
ALWAYS_SLOW = 4

_QUICK_SECONDS = 0.001
_QUICK_CALLS = 8


class Target:
    __slots__ = (
        "number",
        "name",
        "callables",
        "special",
        "loop",
        "limit",
        "strict",
        "new_context",
        "running",
        "full",
        "waiting",
        "ran",
        "_quick",
    )

    def __init__(self, number, name, callables, special, limit, strict=True, loop=None, new_context=Context):
        self.number = number
        self.name = name
        self.callables = callables
        self.special = bytearray(special)
        self.loop = loop
        """Its ``LoopThread``, once it needs one."""
        self.limit = limit
        """How many calls may run at a time, besides those on the loop."""
        self.strict = strict
        """Whether that holds for calls that were given up and cannot be stopped, too."""
        self.new_context = new_context
        """Returns the ``contextvars.Context`` in which one call runs."""
        self.running = 0
        """Calls that run apart, that is: while another thread leads. Under the lock."""
        self.full = False
        self.waiting = deque()
        """Calls beyond the limit, as ``(method, flags, call, data)``. Under the lock."""
        self.ran = False
        """Whether a call began since ``environment.py`` last asked."""
        self._quick = bytearray(len(callables))

    def admit(self):
        """Count one more call that runs apart. Under the lock."""
        self.running += 1
        self.full = self.running >= self.limit

    def dismiss(self):
        """One call that ran apart has ended: the next one that waited for it, or ``None``. Under the lock."""
        if self.waiting and self.running <= self.limit:
            return self.waiting.popleft()
        self.running -= 1
        self.full = self.running >= self.limit
        return None

    def forget_waiting(self, call):
        """Drop a call that waits, and return it; ``None`` when there is none. Under the lock."""
        for job in self.waiting:
            if job[2] == call:
                self.waiting.remove(job)
                return job
        return None

    def forget_all(self):
        """Drop all that wait, and return them. Under the lock."""
        jobs = list(self.waiting)
        self.waiting.clear()
        return jobs

    def judge(self, method, seconds):
        """Learn from a call that ran apart whether the next one may run on the thread that reads it."""
        if seconds > _QUICK_SECONDS:
            self._quick[method] = 0
        elif self._quick[method] < _QUICK_CALLS:
            self._quick[method] += 1
        else:
            self._quick[method] = 0
            self.special[method] &= ~SLOW

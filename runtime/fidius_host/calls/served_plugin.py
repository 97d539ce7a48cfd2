"""A plugin in the call server: its callables, how to call them, and how many calls may run at a time."""

from collections import deque

from ..plugins.call_contexts import Context

# Flags of a method. Most methods have none: they are short functions, and the thread that reads a call also runs it.
SLOW = 1
"""The last call kept its thread busy for long: another thread must read on while it runs."""
ON_LOOP = 2
"""Returns a coroutine: runs on the asyncio loop of the plugin."""
ALWAYS_SLOW = 4
STREAMS = 8
"""Takes or returns a stream."""

_QUICK_SECONDS = 0.001
_QUICK_CALLS = 8


class ServedPlugin:
    __slots__ = (
        "number",
        "name",
        "callables",
        "special",
        "streams",
        "loop",
        "owns_thread",
        "host_link",
        "limit",
        "strict",
        "new_context",
        "running",
        "full",
        "waiting",
        "ran",
        "_quick_calls",
    )

    def __init__(self, number, name, callables, special, limit, strict=True, loop=None, new_context=Context):
        self.number = number
        self.name = name
        self.callables = callables
        self.special = bytearray(special)
        """The flags of each method."""
        self.streams = {}
        """Of each method with the flag ``STREAMS``: whether it takes a stream, returns one, and is asynchronous."""
        self.loop = loop
        """Its ``LoopThread``, once it needs one."""
        self.host_link = None
        """The ``HostLink`` of a plugin that may call host functions."""
        self.owns_thread = False
        """Whether all of its code runs on the thread of its loop."""
        self.limit = limit
        """How many calls may run at a time, without those on the loop."""
        self.strict = strict
        """Whether cancelled calls that cannot be stopped count as running, too."""
        self.new_context = new_context
        """Returns the ``contextvars.Context`` in which one call runs."""
        self.running = 0
        """Number of detached calls, which run while another thread leads. Under the lock."""
        self.full = False
        self.waiting = deque()
        """Calls beyond the limit, as ``(method, flags, call, data)``. Under the lock."""
        self.ran = False
        """Whether a call has begun since ``RecentPlugins`` last cleared this."""
        self._quick_calls = bytearray(len(callables))

    def begin_detached(self):
        """Count one more detached call. Under the lock."""
        self.running += 1
        self.full = self.running >= self.limit

    def end_detached(self):
        """Count one detached call less, and return the next waiting call or ``None``. Under the lock."""
        if self.waiting and self.running <= self.limit:
            return self.waiting.popleft()
        self.running -= 1
        self.full = self.running >= self.limit
        return None

    def remove_waiting(self, call):
        """Remove a waiting call and return it; ``None`` if it does not wait. Under the lock."""
        for job in self.waiting:
            if job[2] == call:
                self.waiting.remove(job)
                return job
        return None

    def remove_all_waiting(self):
        """Remove all waiting calls and return them. Under the lock."""
        jobs = list(self.waiting)
        self.waiting.clear()
        return jobs

    def record_duration(self, method, seconds):
        """Decide by the duration of a detached call whether the thread that reads the next call may run it."""
        if seconds > _QUICK_SECONDS:
            self._quick_calls[method] = 0
        elif self._quick_calls[method] < _QUICK_CALLS:
            self._quick_calls[method] += 1
        else:
            self._quick_calls[method] = 0
            self.special[method] &= ~SLOW

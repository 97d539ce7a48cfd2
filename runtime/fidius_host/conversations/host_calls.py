"""Calls of host functions by plugins of a call server, from their frame to the result."""

import itertools
import struct

from .. import codec
from ..stopping.interruption import FidiusCancelled
from ..transport import conversation as frames
from .waking import settle_soon

_HEAD = struct.Struct("<IHB")
"""Key of the plugin, position of the host interface, and whether the call blocks the event loop of the plugin. The arguments
follow."""

RETURNED, RAISED, CANCELLED, ENDED = range(4)


class HostCalls:
    """The calls of host functions that wait for their results. Used by all threads of a server at the same time."""

    def __init__(self, connection):
        self._connection = connection
        self._waiting = {}
        self._numbers = itertools.count(1)
        self._last = 0
        self._closed = False

    def begin(self, call, key, interface, function, arguments, blocks_loop, wake, worker=None):
        """Send a call. ``wake`` is called once, by another thread, when its outcome is known.

        ``call`` is the number of the call of the plugin that makes it, 0 if none does. ``worker`` is the thread that waits.
        """
        number = self._last = next(self._numbers) & 0xFFFFFFFF
        waiting = _Waiting(number, call, key, wake, worker)
        self._waiting[number] = waiting
        data = _HEAD.pack(key, interface, blocks_loop) + arguments
        try:
            self._connection.send([frames.host_call(call, number, function, data)])
        except BaseException:
            self._waiting.pop(number, None)
            raise
        if self._closed:
            self._settle(number, ENDED, b"")  # `close` may not have seen it
        return waiting

    def forget(self, waiting):
        """Nothing waits for the result any more."""
        self._waiting.pop(waiting.number, None)

    def worker_of(self, number):
        """Return the thread that waits for a result; ``None`` if there is none, or it is not known here."""
        waiting = self._waiting.get(number)
        return None if waiting is None else waiting.worker

    def received(self, message):
        """Take the result of a call. Returns false for one that was never made. By the thread that reads frames.

        A call that was cancelled is not known any more.
        """
        payload = message["payload"]
        outcome = RETURNED if not message["raised"] else RAISED if payload else CANCELLED
        self._settle(message["number"], outcome, payload)
        number = message["number"]
        return number != 0 and (self._last - number) & 0xFFFFFFFF < 1 << 31

    def cancel(self, call):
        """End the waiting of a call of the plugin. By the control thread."""
        self._settle_all(CANCELLED, lambda waiting: waiting.call == call)

    def close_plugin(self, key):
        """The plugin is unloaded: no result arrives any more."""
        self._settle_all(ENDED, lambda waiting: waiting.key == key)

    def close(self):
        """The connection has ended."""
        self._closed = True
        self._settle_all(ENDED, lambda waiting: True)

    def _settle_all(self, outcome, is_meant):
        for waiting in list(self._waiting.values()):
            if is_meant(waiting):
                self._settle(waiting.number, outcome, b"")

    def _settle(self, number, outcome, payload):
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            # In this order: a thread that reads frames itself looks at the outcome alone.
            waiting.payload = payload
            waiting.outcome = outcome
            waiting.wake()


class _Waiting:
    __slots__ = ("number", "call", "key", "wake", "worker", "outcome", "payload")

    def __init__(self, number, call, key, wake, worker):
        self.number = number
        self.call = call
        self.key = key
        self.wake = wake
        self.worker = worker
        self.outcome = None
        self.payload = None

    def is_settled(self):
        return self.outcome is not None


async def begin_on_loop(begin, forget):
    """The same for a coroutine, which may be cancelled meanwhile."""
    import asyncio

    loop = asyncio.get_running_loop()
    done = loop.create_future()
    waiting = begin(lambda: settle_soon(loop, done))
    try:
        await done
    except BaseException:
        forget(waiting)
        raise
    return waiting


def result_of(waiting, failure, note_cancelled):
    """Return the result of a call, or raise: ``failure`` makes the exception from code, message and number."""
    outcome = waiting.outcome
    if outcome == RETURNED:
        return codec.decode(waiting.payload)
    if outcome == RAISED:
        error = codec.decode(waiting.payload)
        raise failure(error["code"] or error["name"], error["message"], waiting.number)
    if outcome == CANCELLED:
        note_cancelled()
        raise FidiusCancelled
    raise failure("FIDIUS_PLUGIN_CLOSED", "the plugin was closed, or its connection has ended", None)

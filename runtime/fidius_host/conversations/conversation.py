"""The conversations of running calls: what they send and receive between the first and the final frame."""

import threading
from collections import deque

from .. import codec
from ..stopping.interruption import FidiusCancelled
from ..transport import conversation as frames
from .argument_items import ArgumentItems, AsyncInputStream, InputStream
from .host_calls import HostCalls
from .result_items import ResultItems
from .waking import settle_soon


class CallEnded(RuntimeError):
    """Raised where a plugin uses what belongs to a call that has ended."""


class Conversations:
    """The conversations of one server, by call.

    ``connection`` sends frames. ``wake`` has the control thread call ``flush_stale`` within milliseconds, and again for
    as long as there are ``unflushed`` items.
    """

    def __init__(self, connection, wake):
        self.host_calls = HostCalls(connection)
        self.unflushed = set()
        """The result streams with items that were not sent yet."""
        self._connection = connection
        self._wake = wake
        self._running = {}

    def begin(self, call, takes, returns):
        conversation = self._running[call] = Conversation(call, self, takes, returns)
        return conversation

    def get(self, call):
        return self._running.get(call)

    def end(self, call):
        """The call is about to be answered."""
        conversation = self._running.pop(call, None)
        if conversation is not None:
            conversation.end()

    def cancel(self, call):
        """Wake a call that waits for the host. By the control thread."""
        self.host_calls.cancel(call)
        conversation = self._running.get(call)
        if conversation is not None:
            conversation.cancel()

    def cancel_all(self):
        self.host_calls.close()
        for conversation in list(self._running.values()):
            conversation.cancel()

    def received(self, call, message):
        """Pass a frame of the host to its call. Returns false if that does not use it. By the thread that reads frames."""
        if message["kind"] == "hostResult":
            return self.host_calls.received(message)
        conversation = self._running.get(call)
        return conversation is not None and conversation.received(message)

    def send(self, frame):
        self._connection.send([frame])

    def has_unflushed(self, result):
        """Have the items of a result stream sent soon, also if the call produces no further ones."""
        first = not self.unflushed
        self.unflushed.add(result)
        # Not before: the control thread sleeps if it finds nothing unflushed after it has stopped watching.
        if first:
            self._wake()

    def flush_stale(self):
        """Send items whose call is busy with the next one. By the control thread."""
        for result in list(self.unflushed):
            result.flush_stale()


class Conversation:
    """What one call exchanges with the host: frames of the host arrive on another thread, which wakes those that wait."""

    def __init__(self, call, owner, takes, returns):
        self.call = call
        self.cancelled = False
        self.ended = False
        self.argument = ArgumentItems(self) if takes else None
        """The stream among the arguments."""
        self.note_cancelled = _do_nothing
        """Is called before ``FidiusCancelled`` is raised, on the same thread."""
        self.result = ResultItems(self, owner) if returns else None
        self._owner = owner
        self._waiting = deque()
        """Functions that wake a thread or a coroutine, each once."""

    # other threads

    def received(self, message):
        """Take a frame of the host. Returns false if this call does not use it."""
        kind = message["kind"]
        if kind == "credit" and self.result is not None:
            self.result.granted += message["items"]
        elif kind == "items" and self.argument is not None:
            self.argument.received(message["count"], message["payload"])
        elif kind == "end" and self.argument is not None:
            error = message.get("error")
            self.argument.end(None if error is None else codec.decode(error))
        else:
            return False
        self.wake()
        return True

    def cancel(self):
        self.cancelled = True
        self.wake()

    def end(self):
        """The call is about to be answered. Code of the plugin that still uses its streams gets an error."""
        self.ended = True
        if self.result is not None:
            self._owner.unflushed.discard(self.result)
        if self.argument is not None:
            self.argument.forget()
        self.wake()

    def wake(self):
        """Have all that wait look again."""
        while True:
            try:
                self._waiting.popleft()()
            except IndexError:
                return

    # the threads of the plugin

    def send(self, frame):
        """Send a frame of this call. Raises ``CallEnded`` after its end."""
        if self.ended:
            self.check()
        self._owner.send(frame)

    def grant(self, count):
        """Let the host send more items of the argument stream."""
        self.send(frames.credit(self.call, count))

    def refuse(self):
        """Tell the host that no more items of the argument stream are needed."""
        if not self.ended:
            self._owner.send(frames.end(self.call))

    def input(self):
        """Return the argument stream for a function: an iterator."""
        return InputStream(self.argument, self)

    def async_input(self):
        """Return the argument stream for a coroutine or an asynchronous generator: an asynchronous iterator."""
        return AsyncInputStream(self.argument, self)

    def check(self):
        """Raise if nothing more will be exchanged."""
        if self.ended:
            raise CallEnded("the call that this stream belongs to has ended")
        if self.cancelled:
            self.note_cancelled()
            raise FidiusCancelled

    def wait_until(self, ready):
        """Block until ``ready()`` holds. Raises if the call is cancelled or has ended. Any number of threads may wait."""
        while True:
            self.check()
            if ready():
                return
            woken = threading.Lock()
            woken.acquire()
            self._waiting.append(woken.release)
            # A change before this is seen here. One that follows wakes the thread.
            if not (ready() or self.cancelled or self.ended):
                woken.acquire()

    async def wait_until_on_loop(self, ready):
        """The same for a coroutine, whose cancellation is that of its task."""
        import asyncio

        loop = asyncio.get_running_loop()
        while not ready():
            if self.ended:
                self.check()
            woken = loop.create_future()

            def wake(woken=woken):
                settle_soon(loop, woken)

            self._waiting.append(wake)
            try:
                if not (ready() or self.ended):
                    await woken
            finally:
                try:
                    self._waiting.remove(wake)
                except ValueError:
                    pass  # it was woken


def _do_nothing():
    pass

"""The streams of running calls: what their calls send and receive between the first and the final frame."""

import itertools
import threading
import time
from collections import deque

from .. import codec
from ..codec import items
from ..codec.items import close, is_async_iterator, iterator_of
from ..stopping.interruption import FidiusCancelled
from ..transport import conversation as frames

_FLUSH_SECONDS = 0.0001
"""Items that follow each other faster than this are sent together."""
_FLUSH_BYTES = 1 << 15
_FLUSH_ITEMS = 256

_FIRST_WINDOW = 4
_LARGEST_WINDOW = 256
"""How many items of an argument stream the host may send ahead: more if the plugin waits for them and they are small."""
_SMALL_BYTES = 1 << 12


class InputStreamError(RuntimeError):
    """The host could not read the next item of an argument stream. ``code`` is that of its error, or ``None``."""

    def __init__(self, error):
        super().__init__("%s: %s" % (error["name"], error["message"]))
        self.code = error["code"]


class Conversations:
    """The conversations of one server, by call.

    ``connection`` sends frames. ``wake`` has the control thread call ``flush_stale`` soon.
    """

    def __init__(self, connection, wake):
        self.unflushed = set()
        """Conversations with items that were not sent yet."""
        self._connection = connection
        self._wake = wake
        self._running = {}

    def begin(self, call, stream_in, stream_out):
        conversation = Conversation(call, self, stream_in, stream_out)
        self._running[call] = conversation
        return conversation

    def get(self, call):
        return self._running.get(call)

    def end(self, call):
        """The call is about to be answered."""
        conversation = self._running.pop(call, None)
        if conversation is not None:
            self.unflushed.discard(conversation)

    def cancel(self, call):
        """Wake a call that waits for the host. By the control thread."""
        conversation = self._running.get(call)
        if conversation is not None:
            conversation.cancel()

    def cancel_all(self):
        for conversation in list(self._running.values()):
            conversation.cancel()

    def received(self, call, message):
        """Pass a frame of the host to its call. Returns false if that does not use it. By the thread that reads frames."""
        conversation = self._running.get(call)
        return conversation is not None and conversation.received(message)

    def send(self, frame):
        self._connection.send([frame])

    def has_unflushed(self, conversation):
        """Have the items sent soon, also if the call produces no further ones."""
        first = not self.unflushed
        self.unflushed.add(conversation)
        if first:
            self._wake()

    def flush_stale(self):
        """Send items whose call is busy with the next one. By the control thread."""
        for conversation in list(self.unflushed):
            conversation.flush_stale()


class Conversation:
    """What one call exchanges with the host. One thread, or one event loop, runs the call; others notify it."""

    def __init__(self, call, owner, stream_in, stream_out):
        self.call = call
        self.stream_in = stream_in
        self.stream_out = stream_out
        self.cancelled = False
        self.produced = 0
        """Number of items of the result that were produced."""
        self.input_error = None
        self._owner = owner
        self._granted = 0
        """Number of items that the host has asked for so far. Only the thread that reads frames changes it."""
        self._input = deque()
        """Frames of items that were not decoded yet, as ``(count, payload)``."""
        self._input_ended = False
        self._changed = threading.Lock()
        """Held while nothing has changed: acquired to wait, released to notify."""
        self._changed.acquire()
        self._notify_loop = None
        """Notifies a coroutine that waits instead of a thread."""
        self._guard = threading.Lock()
        self._batch = []
        self._form = items.ONE
        self._bytes = 0
        self._flushed = 0.0

    # other threads

    def received(self, message):
        """Take a frame of the host. Returns false if this call does not use it."""
        kind = message["kind"]
        if kind == "credit" and self.stream_out:
            self._granted += message["items"]
        elif kind == "items" and self.stream_in:
            self._input.append((message["count"], message["payload"]))
        elif kind == "end" and self.stream_in:
            error = message.get("error")
            self.input_error = None if error is None else codec.decode(error)
            self._input_ended = True
        else:
            return False
        self._notify()
        return True

    def cancel(self):
        self.cancelled = True
        self._notify()

    def _notify(self):
        try:
            self._changed.release()
        except RuntimeError:
            pass  # it was notified already
        notify = self._notify_loop
        if notify is not None:
            notify()

    def flush_stale(self):
        with self._guard:
            if self._batch and time.perf_counter() - self._flushed > _FLUSH_SECONDS:
                self._send_batch()

    # waiting, on the thread of the call

    def _wait(self):
        self._changed.acquire()
        if self.cancelled:
            raise FidiusCancelled

    async def _wait_on_loop(self):
        import asyncio

        loop = asyncio.get_running_loop()
        changed = asyncio.Event()
        self._notify_loop = lambda: _call_soon(loop, changed.set)
        try:
            # What has changed before the notification was set up.
            if self._changed.acquire(blocking=False):
                return
            await changed.wait()
            self._changed.acquire(blocking=False)
        finally:
            self._notify_loop = None

    # the result stream

    def produce(self, iterator):
        """Send the items of an iterator to the host, no more than it wants, and close the iterator in any case."""
        try:
            while True:
                while self._granted == self.produced:
                    self.flush()
                    self._wait()
                if not self._produce_some(iterator):
                    break
            self.flush()
        except BaseException:
            self._flush_silently()
            close(iterator)
            raise

    async def produce_on_loop(self, iterator):
        """The same for an iterator or an asynchronous iterator, on an event loop."""
        is_async = is_async_iterator(iterator)
        try:
            while True:
                while self._granted == self.produced:
                    self.flush()
                    await self._wait_on_loop()
                if is_async:
                    try:
                        item = await iterator.__anext__()
                    except StopAsyncIteration:
                        break
                    self._add(item)
                elif not self._produce_some(iterator):
                    break
            self.flush()
        except BaseException:
            self._flush_silently()
            if is_async:
                await close_async(iterator)
            else:
                close(iterator)
            raise

    async def produce_awaited(self, coroutine):
        """The same for a coroutine that returns what to iterate over."""
        await self.produce_on_loop(iterator_of(await coroutine))

    def _produce_some(self, iterator):
        """Produce as many items as the host wants. Returns false at the end of the iterator."""
        last = self._granted
        for item in itertools.islice(iterator, last - self.produced):
            self._add(item)
            if self.cancelled:
                raise FidiusCancelled
        return self.produced == last

    def _add(self, item):
        form = items.SCALARS if type(item) in items.UNCHANGING else items.SEVERAL
        if form == items.SEVERAL:
            item = items.encode_item(item, self.produced)
            self._bytes += len(item)
        elif type(item) in (bytes, str):
            self._bytes += len(item)
        self.produced += 1
        now = time.perf_counter()
        with self._guard:
            if self._batch and form != self._form:
                self._send_batch()
            self._form = form
            self._batch.append(item)
            if (
                now - self._flushed > _FLUSH_SECONDS
                or self._bytes > _FLUSH_BYTES
                or len(self._batch) >= _FLUSH_ITEMS
            ):
                self._send_batch()
            elif len(self._batch) == 1:
                self._owner.has_unflushed(self)

    def flush(self):
        with self._guard:
            if self._batch:
                self._send_batch()

    def _flush_silently(self):
        try:
            self.flush()
        except BaseException:
            pass  # the connection has ended, or a value cannot be encoded: the call fails for the first reason

    def _send_batch(self):
        """Send the items that were collected. Under the guard."""
        batch, form, self._batch, self._bytes = self._batch, self._form, [], 0
        self._flushed = time.perf_counter()
        self._owner.unflushed.discard(self)
        if form == items.SCALARS:
            payload = codec.encode(batch)
        elif len(batch) == 1:
            form, payload = items.ONE, batch[0]
        else:
            payload = items.join(batch)
        self._owner.send(frames.items(self.call, form, len(batch), payload))

    # the argument stream

    def input(self):
        """Return the argument stream for a function: an iterator."""
        return InputStream(self)

    def async_input(self):
        """Return the argument stream for a coroutine or an asynchronous generator: an asynchronous iterator."""
        return AsyncInputStream(self)

    def grant(self, count):
        self._owner.send(frames.credit(self.call, count))

    def end_input(self):
        """Tell the host that no more items are needed."""
        if not self._input_ended:
            self._input_ended = True
            self._owner.send(frames.end(self.call))

    def take_input(self):
        """Return ``(count, payload)``, ``None`` at the end, or ``False`` if nothing has arrived."""
        if self._input:
            return self._input.popleft()
        if not self._input_ended:
            return False
        error = self.input_error
        if error is not None:
            self.input_error = None
            raise InputStreamError(error)
        return None


class _Window:
    """The items that the host may send ahead, and those that have arrived."""

    def __init__(self, conversation):
        self.items = iter(())
        self.ended = False
        self._conversation = conversation
        self._size = _FIRST_WINDOW
        self._expected = 0
        """Number of items that were granted and have not arrived."""

    def request(self):
        """Let the host send more items if less than half of the window is on its way."""
        if self._expected * 2 <= self._size:
            more = self._size - self._expected
            self._expected += more
            self._conversation.grant(more)

    def take(self, waited):
        """Take what has arrived. Returns false if that is nothing. ``waited``: the plugin had to wait for it."""
        arrived = self._conversation.take_input()
        if arrived is False:
            return False
        if arrived is None:
            self.ended = True
            return True
        count, payload = arrived
        self._expected -= count
        if waited and self._size < _LARGEST_WINDOW and len(payload) < count * _SMALL_BYTES:
            self._size *= 2
        self.items = iter(codec.decode(payload))
        self.request()
        return True

    def close(self):
        self.ended = True
        self.items = iter(())
        self._conversation.end_input()


class InputStream:
    """The items of an argument stream, fetched from the host when they are needed."""

    def __init__(self, conversation):
        self._conversation = conversation
        self._window = _Window(conversation)

    def __iter__(self):
        return self

    def __next__(self):
        window = self._window
        waited = False
        while True:
            for item in window.items:
                return item
            if window.ended:
                raise StopIteration
            if self._conversation.cancelled:
                raise FidiusCancelled
            window.request()
            if not window.take(waited):
                self._conversation._wait()
                waited = True

    def close(self):
        """Read no further items. The host closes their source."""
        self._window.close()


class AsyncInputStream:
    """The items of an argument stream for ``async for``."""

    def __init__(self, conversation):
        self._conversation = conversation
        self._window = _Window(conversation)

    def __aiter__(self):
        return self

    async def __anext__(self):
        window = self._window
        waited = False
        while True:
            for item in window.items:
                return item
            if window.ended:
                raise StopAsyncIteration
            window.request()
            if not window.take(waited):
                await self._conversation._wait_on_loop()
                waited = True

    async def aclose(self):
        """Read no further items. The host closes their source."""
        self._window.close()


async def close_async(iterator):
    close = getattr(iterator, "aclose", None)
    try:
        if close is not None:
            await close()
    except BaseException:
        pass


def _call_soon(loop, function):
    try:
        loop.call_soon_threadsafe(function)
    except RuntimeError:
        pass  # the plugin has closed the loop: its thread answers the call

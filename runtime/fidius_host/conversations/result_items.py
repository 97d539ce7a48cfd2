"""The items of the result stream of one call: produced as the host asks for them, and sent in batches."""

import itertools
import threading
import time

from .. import codec
from ..codec import items
from ..codec.items import close, is_async_iterator, iterator_of
from ..transport import conversation as frames

_FLUSH_SECONDS = 0.0001
"""Items that follow each other faster than this are sent together."""
_FLUSH_BYTES = 1 << 15
_FLUSH_ITEMS = 256


class ResultItems:
    """One thread, or one event loop, produces the items. The control thread may send what was collected."""

    def __init__(self, conversation, owner):
        self.granted = 0
        """Number of items that the host has asked for so far. Only the thread that reads frames changes it."""
        self.produced = 0
        self._conversation = conversation
        self._owner = owner
        self._guard = threading.Lock()
        self._batch = []
        self._form = items.ONE
        self._bytes = 0
        self._flushed = 0.0

    def produce(self, iterator):
        """Send the items of an iterator to the host, no more than it wants, and close the iterator in any case."""
        try:
            while True:
                while self.granted == self.produced:
                    self._flush()
                    self._conversation.wait_until(self._is_wanted)
                if not self._produce_some(iterator):
                    break
            self._flush()
        except BaseException:
            self._flush_silently()
            close(iterator)
            raise

    async def produce_on_loop(self, iterator):
        """The same for an iterator or an asynchronous iterator, on an event loop."""
        is_async = is_async_iterator(iterator)
        try:
            while True:
                while self.granted == self.produced:
                    self._flush()
                    await self._conversation.wait_until_on_loop(self._is_wanted)
                if is_async:
                    try:
                        item = await iterator.__anext__()
                    except StopAsyncIteration:
                        break
                    self._add(item)
                elif not self._produce_some(iterator):
                    break
            self._flush()
        except BaseException:
            self._flush_silently()
            if is_async:
                await _close_async(iterator)
            else:
                close(iterator)
            raise

    async def produce_awaited(self, coroutine):
        """The same for a coroutine that returns what to iterate over."""
        await self.produce_on_loop(iterator_of(await coroutine))

    def flush_stale(self):
        """Send items that have waited for the next one. By the control thread."""
        with self._guard:
            if self._batch and time.perf_counter() - self._flushed > _FLUSH_SECONDS:
                self._send_batch()

    def _is_wanted(self):
        return self.granted != self.produced

    def _produce_some(self, iterator):
        """Produce as many items as the host wants. Returns false at the end of the iterator."""
        last = self.granted
        for item in itertools.islice(iterator, last - self.produced):
            self._add(item)
            if self._conversation.cancelled:
                self._conversation.check()
        return self.produced == last

    def _add(self, item):
        form = items.SCALARS if items.is_unchanging(item) else items.SEVERAL
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

    def _flush(self):
        with self._guard:
            if self._batch:
                self._send_batch()

    def _flush_silently(self):
        try:
            self._flush()
        except BaseException:
            pass  # the connection has ended: the call fails for the first reason

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
        self._owner.send(frames.items(self._conversation.call, form, len(batch), payload))


async def _close_async(iterator):
    close = getattr(iterator, "aclose", None)
    try:
        if close is not None:
            await close()
    except BaseException:
        pass

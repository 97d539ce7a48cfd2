"""The items of the argument stream of one call, fetched from the host as the plugin needs them."""

import threading
from collections import deque

from .. import codec

_FIRST_WINDOW = 4
_LARGEST_WINDOW = 256
"""How many items the host may send ahead: more if the plugin waits for them and they are small."""
_SMALL_BYTES = 1 << 12


class InputStreamError(RuntimeError):
    """The host could not read the next item of an argument stream. ``code`` is that of its error, or ``None``."""

    def __init__(self, error):
        super().__init__("%s: %s" % (error["name"], error["message"]))
        self.code = error["code"]


class ArgumentItems:
    """The items that have arrived, and those that the host may still send."""

    def __init__(self, conversation):
        self.decoded = iter(())
        """Items that the plugin can take at once."""
        self.ended = False
        """Whether the plugin gets no more items."""
        self._conversation = conversation
        self._arrived = deque()
        """Items that were not decoded yet, as ``(count, payload)``."""
        self._host_ended = False
        self._error = None
        self._window = _FIRST_WINDOW
        self._expected = 0
        """Number of items that were granted and have not arrived."""

    # the thread that reads frames

    def received(self, count, payload):
        self._arrived.append((count, payload))

    def end(self, error):
        """The source has ended, or has failed."""
        self._error = error
        self._host_ended = True

    def forget(self):
        """The call has ended."""
        self._arrived.clear()
        self.decoded = iter(())

    # the thread of the plugin

    def has_news(self):
        return bool(self._arrived) or self._host_ended or self.ended

    def take(self, waited):
        """Make arrived items ready to be taken. Returns false if there are none yet.

        ``waited``: the plugin had to wait for them. Raises ``InputStreamError`` once if the source has failed.
        """
        # Read first: the last items arrive before the end.
        host_ended = self._host_ended
        if self._arrived:
            count, payload = self._arrived.popleft()
            self._expected -= count
            if waited and self._window < _LARGEST_WINDOW and len(payload) < count * _SMALL_BYTES:
                self._window *= 2
            self.decoded = iter(codec.decode(payload))
        elif host_ended:
            self.ended = True
            if self._error is not None:
                raise InputStreamError(self._error)
            return True
        else:
            self._request()
            return False
        if not host_ended:
            self._request()
        return True

    def close(self):
        """Read no further items."""
        if not self.ended:
            self.ended = True
            self.decoded = iter(())
            if not self._host_ended:
                self._conversation.refuse()
            self._conversation.wake()

    def _request(self):
        """Let the host send more items if less than half of the window is on its way."""
        if self._expected * 2 <= self._window:
            more = self._window - self._expected
            self._expected += more
            self._conversation.grant(more)


class InputStream:
    """An argument stream for a function. Several threads may share it: each item is taken once."""

    def __init__(self, argument, conversation):
        self._argument = argument
        self._conversation = conversation
        self._lock = threading.Lock()
        """Held by the thread that fetches items."""

    def __iter__(self):
        return self

    def __next__(self):
        argument, conversation = self._argument, self._conversation
        for item in argument.decoded:
            return item
        with self._lock:
            waited = False
            while True:
                for item in argument.decoded:
                    return item
                if argument.ended:
                    raise StopIteration
                conversation.check()
                if not argument.take(waited):
                    conversation.wait_until(argument.has_news)
                    waited = True

    def close(self):
        """Read no further items. The host closes their source."""
        self._argument.close()


class AsyncInputStream:
    """An argument stream for ``async for``. Several tasks of one event loop may share it."""

    def __init__(self, argument, conversation):
        self._argument = argument
        self._conversation = conversation

    def __aiter__(self):
        return self

    async def __anext__(self):
        argument, conversation = self._argument, self._conversation
        waited = False
        while True:
            for item in argument.decoded:
                return item
            if argument.ended:
                raise StopAsyncIteration
            if conversation.ended:
                conversation.check()
            if not argument.take(waited):
                await conversation.wait_until_on_loop(argument.has_news)
                waited = True

    async def aclose(self):
        """Read no further items. The host closes their source."""
        self._argument.close()

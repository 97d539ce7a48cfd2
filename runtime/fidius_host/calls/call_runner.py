"""Runs one call and writes its answer."""

import functools
import time
import types
from _contextvars import ContextVar

from ..codec import decode, encode, error_description, raw_bytes
from ..codec.items import is_async_iterator, iterator_of
from ..stopping.interruption import FidiusCancelled
from ..transport.protocol import BY_REFERENCE, HEADER, RAISED, RAW, RETURNED, SKIPPED, STOPPED, TIMED, TRACED, frame, int_frame
from ..conversations.conversation import Conversations
from .served_plugin import ON_LOOP, STREAMS

ANSWERED_LATER = object()
"""Returned by a function of the server itself if another thread answers its call."""

_pack = HEADER.pack

trace_context = ContextVar("fidius.trace_context", default=None)
"""``traceparent`` and ``tracestate`` of the running call, on two lines. The SDK finds it by its name."""


class CallRunner:
    """Runs calls and turns their outcomes into frames. One per server, used by all its threads at the same time.

    ``shared_payloads`` keeps large payloads out of the frames.
    """

    def __init__(self, shared_payloads, adopt, answered=lambda: None, conversations=None):
        self.conversations = conversations or Conversations(None, lambda: None)
        self._shared_payloads = shared_payloads
        self._threshold = shared_payloads.threshold
        self._adopt = adopt
        """Takes ``(plugin, method, flags, call, coroutine)`` from a function that has returned a coroutine."""
        self.answered = answered
        """Called after a call that did not run on the leading thread."""

    def run(self, worker, plugin, method, flags, call, data, begin=None):
        """Run one call on the calling thread. The answer is a frame, or ``b""`` if it is sent later.

        ``begin`` takes the coroutine that the call may return, with the arguments of ``adopt``.

        ``FidiusCancelled`` may be raised on any line until ``handle_attention``, hence the loop: its second pass only
        ends the window. There is at most one exception if it takes less than ``interruption.REPEAT_SECONDS`` to get
        here.
        """
        answer = None
        first = True
        while True:
            try:
                if first:
                    first = False
                    worker.plugin = plugin
                    plugin.ran = True
                    worker.call = call
                    run = plugin.new_context().run
                    if flags or begin:
                        answer = run(self._run_flagged, worker, plugin, method, flags, call, data, begin)
                    else:
                        answer = run(self._run, worker, plugin, method, call, data)
                worker.call = None
                if worker.needs_attention:
                    worker.handle_attention()
                return answer
            except FidiusCancelled:
                if answer is None:
                    # Drops a result that was already kept for the host.
                    self._shared_payloads.release(call)
                    self.conversations.end(call)
                    answer = frame(STOPPED, call)

    def skip(self, flags, call, data):
        """Return the answer of a call that never runs, and free its arguments."""
        self.conversations.end(call)
        self.discard(flags, data)
        return frame(SKIPPED, call)

    def discard(self, flags, data):
        """Free the arguments of a call that never runs."""
        if flags & BY_REFERENCE:
            self._shared_payloads.discard(data)

    def _run(self, worker, plugin, method, call, data):
        try:
            result = plugin.callables[method](*decode(data))
        except BaseException as error:
            return self.raised(worker, call, error)
        if type(result) is int and -0x80000000 <= result < 0x80000000:
            return int_frame(call, result)
        try:
            payload = encode(result)
        except BaseException as error:  # encoding runs code of the plugin, which may call sys.exit()
            return self._not_encoded(worker, plugin, method, 0, call, result, error)
        if len(payload) > self._threshold:
            return self._by_reference(call, payload, 0, 0)
        return _pack(len(payload), RETURNED, 0, 0, call, 0) + payload

    def _run_flagged(self, worker, plugin, method, flags, call, data, begin):
        started = time.perf_counter() if flags & TIMED else None
        try:
            read = bytes if flags & RAW else decode
            if flags & TRACED:
                read = functools.partial(_read_traced, read)
            given = self._shared_payloads.read(data, read) if flags & BY_REFERENCE else read(data)
            data = None
            conversation = self.conversations.get(call) if plugin.special[method] & STREAMS else None
            if conversation is not None:
                result = self._converse(plugin, method, given, conversation)
                return self._await_or_return(worker, plugin, method, flags, call, result, started, begin)
            result = plugin.callables[method](given) if flags & RAW else plugin.callables[method](*given)
        except BaseException as error:
            return self.raised(worker, call, error, started)
        return self._await_or_return(worker, plugin, method, flags, call, result, started, begin)

    def _await_or_return(self, worker, plugin, method, flags, call, result, started, begin):
        if begin and type(result) is types.CoroutineType:
            try:
                interrupted = worker.end_window()
            except FidiusCancelled:
                result.close()
                raise
            if interrupted:
                result.close()
                self.conversations.end(call)
                return frame(STOPPED, call, microseconds=_microseconds(started))
            begin(plugin, method, flags, call, result)
            return b""
        return self.returned(worker, plugin, method, flags, call, result, started)

    @staticmethod
    def _converse(plugin, method, given, conversation):
        """Run a method with streams. Returns its result, or a coroutine if the rest must run on the loop."""
        takes, returns, is_async = plugin.streams[method]
        function = plugin.callables[method]
        if takes:
            given = (conversation.async_input() if is_async else conversation.input(), *given)
        result = function(*given)
        if not returns:
            return result
        if type(result) is types.CoroutineType:
            return conversation.result.produce_awaited(result)
        iterator = iterator_of(result)
        if plugin.special[method] & ON_LOOP or is_async_iterator(iterator):
            return conversation.result.produce_on_loop(iterator)
        conversation.result.produce(iterator)
        return None

    def returned(self, worker, plugin, method, flags, call, result, started=None):
        """Return the answer of a call that has returned ``result``."""
        self.conversations.end(call)
        try:
            payload = raw_bytes(result) if flags & RAW else encode(result)
        except BaseException as error:
            return self._not_encoded(worker, plugin, method, flags, call, result, error)
        if len(payload) > self._threshold:
            return self._by_reference(call, payload, flags & RAW, _microseconds(started))
        return frame(RETURNED, call, payload, flags & RAW, _microseconds(started))

    def raised(self, worker, call, error, started=None):
        """Return the answer of a call that has raised, or whose result cannot be encoded."""
        conversation = self.conversations.get(call)
        interrupted = worker.interrupted or (conversation is not None and conversation.cancelled)
        self.conversations.end(call)
        if interrupted and _is_caused_by_cancellation(error):
            return frame(STOPPED, call, microseconds=_microseconds(started))
        return frame(RAISED, call, encode(error_description.describe(error)), microseconds=_microseconds(started))

    def _not_encoded(self, worker, plugin, method, flags, call, result, error):
        if result is ANSWERED_LATER:
            return b""
        if isinstance(result, types.CoroutineType) and self._adopt is not None:
            # A decorator has hidden the `async def`. From now on it is known.
            interrupted = worker.end_window()
            plugin.special[method] |= ON_LOOP
            if interrupted:
                result.close()
                return frame(STOPPED, call)
            self._adopt(plugin, method, flags, call, result)
            return b""
        return self.raised(worker, call, error)

    def _by_reference(self, call, payload, flags, microseconds):
        return frame(RETURNED, call, self._shared_payloads.keep(call, payload), flags | BY_REFERENCE, microseconds)


def _is_caused_by_cancellation(error):
    """Tell whether an exception is the cancellation, or was raised while the cancellation was being handled."""
    while error is not None:
        if isinstance(error, FidiusCancelled):
            return True
        error = error.__context__
    return False


def _read_traced(read, data):
    """Read arguments that follow a trace context, which becomes that of the call."""
    view = memoryview(data)
    start = 2 + int.from_bytes(view[:2], "little")
    trace_context.set(bytes(view[2:start]).decode())
    return read(view[start:])


def _microseconds(started):
    if started is None:
        return 0
    return min(int((time.perf_counter() - started) * 1e6), 0xFFFFFFFF)

"""Running one call and writing its answer."""

import time
import types

from ..codec import error_description
from ..stopping.interruption import FidiusCancelled
from ..transport.protocol import BY_REFERENCE, HEADER, RAISED, RAW, RETURNED, SKIPPED, STOPPED, TIMED, frame, int_frame
from .served_plugin import ON_LOOP
from ..codec import decode, encode, raw_bytes

LATER = object()
"""What a function of the server's own returns when somebody else will answer its call."""

_pack = HEADER.pack


class Answering:
    """Makes calls and puts what comes of them into frames. One per server, used by all its threads at once.

    ``references`` keeps large payloads out of the frames; without it everything travels inline.
    """

    def __init__(self, references, adopt, answered=lambda: None):
        self._references = references
        self._threshold = references.threshold
        self._adopt = adopt
        """Takes over ``(target, method, flags, call, coroutine)`` from a function that turned out to be no plain one."""
        self.answered = answered
        """To be called when a call has ended that others did not wait for."""

    def run(self, worker, target, method, flags, call, data, begin=None):
        """Run one call on the calling thread; the answer is a frame, or ``b""`` when it comes from elsewhere later.

        ``begin`` is where a coroutine goes that the call may give, with the arguments of ``adopt``.

        ``FidiusCancelled`` may be raised at any line until ``settle``, hence the loop: the second time around only
        ends the window. There is at most one, as long as it takes less than ``interrupt.REPEAT_SECONDS`` to come here.
        """
        answer = None
        fresh = True
        while True:
            try:
                if fresh:
                    fresh = False
                    worker.target = target
                    target.ran = True
                    worker.call = call
                    run = target.new_context().run
                    if flags or begin:
                        answer = run(self._run_flagged, worker, target, method, flags, call, data, begin)
                    else:
                        answer = run(self._run, worker, target, method, call, data)
                worker.call = None
                if worker.attention:
                    worker.settle()
                return answer
            except FidiusCancelled:
                if answer is None:
                    # A result that was kept already, and was not answered with.
                    self._references.release(call)
                    answer = frame(STOPPED, call)

    def skip(self, flags, call, data):
        """The answer of a call that never runs. Its arguments are given back."""
        self.forget(flags, data)
        return frame(SKIPPED, call)

    def forget(self, flags, data):
        """Free the arguments of a call that never runs."""
        if flags & BY_REFERENCE:
            self._references.discard(data)

    def _run(self, worker, target, method, call, data):
        try:
            result = target.callables[method](*decode(data))
        except BaseException as error:
            return self.raised(worker, call, error)
        if type(result) is int and -0x80000000 <= result < 0x80000000:
            return int_frame(call, result)
        try:
            payload = encode(result)
        except BaseException as error:  # encoding runs code of the plugin, which may call sys.exit()
            return self._not_encoded(worker, target, method, 0, call, result, error)
        if len(payload) > self._threshold:
            return self._by_reference(call, payload, 0, 0)
        return _pack(len(payload), RETURNED, 0, 0, call, 0) + payload

    def _run_flagged(self, worker, target, method, flags, call, data, begin):
        started = time.perf_counter() if flags & TIMED else None
        try:
            read = bytes if flags & RAW else decode
            given = self._references.read(data, read) if flags & BY_REFERENCE else read(data)
            data = None
            result = target.callables[method](given) if flags & RAW else target.callables[method](*given)
        except BaseException as error:
            return self.raised(worker, call, error, started)
        if begin and type(result) is types.CoroutineType:
            try:
                interrupted = worker.end_window()
            except FidiusCancelled:
                result.close()
                raise
            if interrupted:
                result.close()
                return frame(STOPPED, call, microseconds=_microseconds(started))
            begin(target, method, flags, call, result)
            return b""
        return self.returned(worker, target, method, flags, call, result, started)

    def returned(self, worker, target, method, flags, call, result, started=None):
        """The answer of a call that gave ``result``."""
        try:
            payload = raw_bytes(result) if flags & RAW else encode(result)
        except BaseException as error:
            return self._not_encoded(worker, target, method, flags, call, result, error)
        if len(payload) > self._threshold:
            return self._by_reference(call, payload, flags & RAW, _microseconds(started))
        return frame(RETURNED, call, payload, flags & RAW, _microseconds(started))

    def raised(self, worker, call, error, started=None):
        """The answer of a call that raised, or whose result cannot cross."""
        if worker.interrupted and _comes_of_cancelling(error):
            return frame(STOPPED, call, microseconds=_microseconds(started))
        return frame(RAISED, call, encode(error_description.describe(error)), microseconds=_microseconds(started))

    def _not_encoded(self, worker, target, method, flags, call, result, error):
        if result is LATER:
            return b""
        if isinstance(result, types.CoroutineType) and self._adopt is not None:
            # A decorator hid the `async def`. Now it is known.
            interrupted = worker.end_window()
            target.special[method] |= ON_LOOP
            if interrupted:
                result.close()
                return frame(STOPPED, call)
            self._adopt(target, method, flags, call, result)
            return b""
        return self.raised(worker, call, error)

    def _by_reference(self, call, payload, flags, microseconds):
        return frame(RETURNED, call, self._references.keep(call, payload), flags | BY_REFERENCE, microseconds)


def _comes_of_cancelling(error):
    """Whether an exception is the cancellation, or was raised while it was being handled."""
    while error is not None:
        if isinstance(error, FidiusCancelled):
            return True
        error = error.__context__
    return False


def _microseconds(started):
    if started is None:
        return 0
    return min(int((time.perf_counter() - started) * 1e6), 0xFFFFFFFF)

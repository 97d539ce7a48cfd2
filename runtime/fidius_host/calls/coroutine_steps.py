"""Running the coroutine of a call step by step."""

import asyncio

from ..stopping.interruption import FidiusCancelled

_DROPPED = "the coroutine of the call was cancelled, closed or dropped before it had ended (look for a task factory that does so)"
_ENDED_EARLY = "the task of the call ended before its coroutine had (look for a task factory that runs something else)"


class CoroutineDropped(RuntimeError):
    """Nothing will run the coroutine of a call to its end."""


async def drive(steps):
    """The coroutine that becomes a task: a real one, since task factories await it, look into it and wrap it."""
    return await steps


class Steps:
    """Drives a coroutine of a plugin. Each step can be interrupted like a call, and nothing between the steps.

    The last step answers the call. A task that ends without it, or a coroutine that is dropped, answers with an error.
    """

    __slots__ = ("target", "method", "flags", "call", "started", "over", "watched", "_thread", "_worker", "_coroutine", "__weakref__")

    def __init__(self, thread, target, method, flags, call, coroutine, started):
        self.target = target
        self.method = method
        self.flags = flags
        self.call = call
        self.started = started
        self.over = False
        """Whether the call was answered."""
        self.watched = False
        """Whether something looks at how the task ends. An exception that nothing looks at is reported by asyncio."""
        self._thread = thread
        self._worker = thread.worker
        self._coroutine = coroutine

    # what `await` uses

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return self._step(self._coroutine.send, None)

    def send(self, value):
        return self._step(self._coroutine.send, value)

    def throw(self, error, value=None, traceback=None):
        if not isinstance(error, BaseException):
            error = value if isinstance(value, BaseException) else error() if value is None else error(value)
        if traceback is not None:
            error = error.with_traceback(traceback)
        return self._step(self._coroutine.throw, error)

    def close(self):
        """The task's coroutine is closed while it waits: by hand, or because nothing refers to it any more."""
        try:
            self._coroutine.close()
        finally:
            self._end_from_elsewhere()

    def __del__(self):
        if not self.over:
            self._end_from_elsewhere()

    # the ways in which a call ends apart from its last step

    def fail(self, error):
        """End the call with an error, if it has not ended. By the thread of the loop."""
        if self.over:
            return
        self._thread.finish(self, error)
        try:
            self._coroutine.close()
        except BaseException:
            pass  # it ignores that it is closed, or runs: its end will be ignored

    def task_ended(self, task):
        """The task is done, which with the last step it was."""
        try:
            error = asyncio.CancelledError() if task.cancelled() else task.exception()
        except BaseException as raised:  # a task of the plugin's own making
            error = raised
        self.fail(error or CoroutineDropped(_ENDED_EARLY))

    def _end_from_elsewhere(self):
        if not self.over:
            self._thread.run_soon(self.fail, CoroutineDropped(_DROPPED))

    def _step(self, advance, argument):
        worker = self._worker
        outer, outer_target = worker.call, worker.target
        value = error = None
        fresh = True
        while True:
            try:
                if fresh:
                    fresh = False
                    worker.target = self.target
                    worker.call = self.call
                    try:
                        value = advance(argument)
                    except BaseException as raised:
                        error = raised
                worker.call = None
                if worker.attention:
                    worker.settle()
                break
            except FidiusCancelled as raised:
                error = error or raised
        if outer is not None:
            # A plugin runs the loop from within a step (`nest_asyncio`), whose window goes on.
            worker.target = outer_target
            worker.call = outer
        if error is None:
            return value
        try:
            if not self.over:
                self._thread.finish(self, error)
            if not self.watched:
                raise StopIteration
            # A wrapper sees how the coroutine ended. Other exceptions would leave the loop.
            raise error if isinstance(error, (Exception, asyncio.CancelledError)) else asyncio.CancelledError
        finally:
            error = None

"""Runs the coroutine of a call step by step."""

import asyncio

from ..stopping.interruption import FidiusCancelled

_DROPPED = (
    "the coroutine of the call was cancelled, closed or dropped before it ended (look for a task factory that does so)"
)
_ENDED_EARLY = "the task of the call ended before its coroutine (look for a task factory that runs another coroutine)"


class CoroutineDropped(RuntimeError):
    """The coroutine of a call will not be run to its end."""


async def drive(steps):
    """The coroutine of the task. It is a real coroutine because task factories await, inspect and wrap it."""
    return await steps


class CoroutineSteps:
    """An awaitable that runs a coroutine of a plugin. Each step can be interrupted like a call, the time between steps
    cannot.

    The last step answers the call. If the task ends earlier or the coroutine is dropped, the call is answered with an
    error.
    """

    __slots__ = (
        "plugin",
        "method",
        "flags",
        "call",
        "started",
        "answered",
        "observed",
        "_thread",
        "_worker",
        "_coroutine",
        "__weakref__",
    )

    def __init__(self, thread, plugin, method, flags, call, coroutine, started):
        self.plugin = plugin
        self.method = method
        self.flags = flags
        self.call = call
        self.started = started
        self.answered = False
        """Whether the call was answered."""
        self.observed = False
        """Whether the outcome of the task is read. asyncio reports an exception that is not read."""
        self._thread = thread
        self._worker = thread.worker
        self._coroutine = coroutine

    # the protocol of `await`

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
        """Close the coroutine while it waits: called explicitly, or because the task was collected."""
        try:
            self._coroutine.close()
        finally:
            self._drop()

    def __del__(self):
        if not self.answered:
            self._drop()

    # other ends of a call than its last step

    def fail(self, error):
        """Answer the call with an error if it was not answered. By the loop thread."""
        if self.answered:
            return
        self._thread.finish(self, error)
        try:
            self._coroutine.close()
        except BaseException:
            pass  # the coroutine ignores that it is closed, or is running: its outcome will be ignored

    def task_ended(self, task):
        """Answer the call if the task ended without the last step."""
        try:
            error = asyncio.CancelledError() if task.cancelled() else task.exception()
        except BaseException as raised:  # a task class of the plugin
            error = raised
        self.fail(error or CoroutineDropped(_ENDED_EARLY))

    def _drop(self):
        if not self.answered:
            self._thread.run_soon(self.fail, CoroutineDropped(_DROPPED))

    def _step(self, advance, argument):
        worker = self._worker
        outer, outer_plugin = worker.call, worker.plugin
        value = error = None
        first = True
        while True:
            try:
                if first:
                    first = False
                    worker.plugin = self.plugin
                    worker.call = self.call
                    try:
                        value = advance(argument)
                    except BaseException as raised:
                        error = raised
                worker.call = None
                if worker.needs_attention:
                    worker.handle_attention()
                break
            except FidiusCancelled as raised:
                error = error or raised
        if outer is not None:
            # A plugin runs the loop from within a step (`nest_asyncio`). The window of that step continues.
            worker.plugin = outer_plugin
            worker.call = outer
        if error is None:
            return value
        try:
            if not self.answered:
                self._thread.finish(self, error)
            if not self.observed:
                raise StopIteration
            # A wrapper sees how the coroutine ended. Other exceptions would leave the loop.
            raise error if isinstance(error, (Exception, asyncio.CancelledError)) else asyncio.CancelledError
        finally:
            error = None

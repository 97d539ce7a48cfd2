"""A thread with an asyncio loop, for the coroutines of one plugin, or for everything that plugin does."""

import asyncio
import collections.abc
import functools
import threading
import time
from collections import deque

from .interrupt import FidiusCancelled
from .pool import start_thread
from .protocol import SKIPPED, STOPPED, TIMED, frame
from .worker import Worker

_END_SECONDS = 1.0


class LoopThread:
    """Runs what it is given in the order it comes; coroutines overlap. ``submit`` and ``adopt`` may be called by anyone."""

    def __init__(self, lock, name, connection, answering):
        self.worker = Worker(lock, "fidius-loop-%s" % name)
        self._connection = connection
        self._answering = answering
        self._jobs = deque()
        self._scheduled = False
        self._tasks = {}
        self._cancelled = set()
        self._answers = []
        self._ended = threading.Event()
        self._ending = False
        self._loop = asyncio.new_event_loop()
        start_thread(self.worker.name, self._serve)

    def submit(self, target, method, flags, call, data):
        """Run a call of a plugin."""
        self._enqueue((call, functools.partial(self._run, target, method, flags, call, data)))

    def adopt(self, target, method, flags, call, coroutine):
        """Finish a call that gave a coroutine."""
        self._enqueue((call, functools.partial(self._begin, target, method, flags, call, coroutine)))

    def cancel(self, call):
        """Cancel a call that is here; false when it is not. Under the lock."""
        for job in list(self._jobs):
            if job[0] == call:
                self._cancelled.add(call)
                return True
        task = self._tasks.get(call)
        if task is None:
            return False
        self._cancelled.add(call)
        self._loop.call_soon_threadsafe(task.cancel)
        return True

    def end_soon(self):
        """Cancel what runs, and end the loop."""
        try:
            self._loop.call_soon_threadsafe(self._end)
        except RuntimeError:
            pass  # ended already

    def end(self):
        """The same, and wait a moment for it."""
        self.end_soon()
        if threading.get_ident() != self.worker.ident:
            self._ended.wait(_END_SECONDS)

    def _enqueue(self, job):
        self._jobs.append(job)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon_threadsafe(self._take_jobs)

    def _serve(self):
        self.worker.adopt_thread()
        asyncio.set_event_loop(self._loop)
        try:
            while not self._ending:
                try:
                    self._loop.run_forever()
                except BaseException as error:  # out of a callback of the plugin's own
                    self._loop.call_exception_handler({"message": "the loop was left by an exception", "exception": error})
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()
            self._ended.set()

    def _end(self):
        self._ending = True
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        if tasks:
            asyncio.ensure_future(self._stop_after(tasks))
        else:
            self._loop.stop()

    async def _stop_after(self, tasks):
        await asyncio.wait(tasks, timeout=_END_SECONDS)
        self._loop.stop()

    # calls

    def _take_jobs(self):
        self._scheduled = False
        while self._jobs:
            call, job = self._jobs.popleft()
            if call in self._cancelled:
                self._cancelled.discard(call)
                self._answer(frame(SKIPPED, call))
            else:
                job()

    def _run(self, target, method, flags, call, data):
        self._answer(self._answering.run(self.worker, target, method, flags, call, data, self._begin))

    def _begin(self, target, method, flags, call, coroutine):
        started = time.perf_counter() if flags & TIMED else None
        steps = _Steps(self.worker, target, call, coroutine)
        task = self._loop.create_task(steps)
        self._tasks[call] = task
        task.add_done_callback(functools.partial(self._finish, steps, target, method, flags, started))

    def _finish(self, steps, target, method, flags, started, task):
        call = steps.call
        del self._tasks[call]
        given_up = call in self._cancelled
        self._cancelled.discard(call)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if isinstance(error, _Carried):
            error = error.__cause__
        if error is None:
            answer = self._answering.returned(self.worker, target, method, flags, call, task.result(), started)
        elif given_up and isinstance(error, (asyncio.CancelledError, FidiusCancelled)):
            answer = frame(STOPPED, call)
        else:
            answer = self._answering.raised(self.worker, call, error, started)
        self._answer(answer)

    def _answer(self, answer):
        if not answer:
            return
        if not self._answers:
            self._loop.call_soon(self._send)
        self._answers.append(answer)

    def _send(self):
        answers = self._answers
        self._answers = []
        try:
            self._connection.send(answers)
        except OSError:
            pass  # the connection is gone, which its reader has seen too


class _Carried(Exception):
    """Carries ``SystemExit`` and ``KeyboardInterrupt`` out of a task: bare, they would end the loop."""


class _Steps(collections.abc.Coroutine):
    """A coroutine of which each step can be interrupted like a call, and nothing between the steps."""

    def __init__(self, worker, target, call, coroutine):
        self.call = call
        self._worker = worker
        self._target = target
        self._coroutine = coroutine

    def send(self, value):
        return self._step(self._coroutine.send, value)

    def throw(self, *error):
        return self._step(self._coroutine.throw, *error)

    def close(self):
        self._coroutine.close()

    def __await__(self):
        return self

    def _step(self, advance, *args):
        worker = self._worker
        value = error = None
        fresh = True
        while True:
            try:
                if fresh:
                    fresh = False
                    worker.target = self._target
                    worker.call = self.call
                    try:
                        value = advance(*args)
                    except BaseException as raised:
                        error = raised
                worker.call = None
                if worker.attention:
                    worker.settle()
                break
            except FidiusCancelled as raised:
                error = error or raised
        if error is None:
            return value
        try:
            if isinstance(error, (SystemExit, KeyboardInterrupt)):
                raise _Carried() from error
            raise error
        finally:
            error = None

"""A thread with an asyncio loop, for the coroutines of one plugin, or for everything that plugin does."""

import asyncio
import collections.abc
import functools
import threading
import time
from collections import deque

from .interrupt import FidiusCancelled
from .protocol import STOPPED, TIMED, frame
from .threads import start_thread
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
        self._enqueue((call, functools.partial(self._run, target, method, flags, call, data), flags, data))

    def adopt(self, target, method, flags, call, coroutine):
        """Finish a call that gave a coroutine."""
        self._enqueue((call, functools.partial(self._begin, target, method, flags, call, coroutine), 0, b""))

    def cancel(self, call):
        """Cancel a call that is here; false when it is not. Under the lock."""
        # Noted first and looked for second: a call that ends in between takes the note back.
        self._cancelled.add(call)
        if any(job[0] == call for job in list(self._jobs)):
            return True
        task = self._tasks.get(call)
        if task is None:
            self._cancelled.discard(call)
            return False
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
            while self._jobs:
                _, _, flags, data = self._jobs.popleft()
                self._answering.forget(flags, data)

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
            call, job, flags, data = self._jobs.popleft()
            if call in self._cancelled:
                self._cancelled.discard(call)
                self._answer(self._answering.skip(flags, call, data))
            else:
                job()

    def _run(self, target, method, flags, call, data):
        self._answer(self._answering.run(self.worker, target, method, flags, call, data, self._begin))

    def _begin(self, target, method, flags, call, coroutine):
        started = time.perf_counter() if flags & TIMED else None
        steps = _Steps(self, target, method, flags, call, coroutine, started)
        task = self._loop.create_task(steps)
        if not steps.over:  # eager tasks, which a plugin may ask for, can be over by now
            self._tasks[call] = task

    def finish(self, steps, error):
        """Answer a call that ended with ``error``, which is ``StopIteration`` when it returned. By its last step."""
        call = steps.call
        steps.over = True
        self._tasks.pop(call, None)
        given_up = call in self._cancelled
        self._cancelled.discard(call)
        if isinstance(error, StopIteration):
            answer = self._answering.returned(
                self.worker, steps.target, steps.method, steps.flags, call, error.value, steps.started
            )
        elif given_up and isinstance(error, (asyncio.CancelledError, FidiusCancelled)):
            answer = frame(STOPPED, call)
        else:
            answer = self._answering.raised(self.worker, call, error, steps.started)
        self._answer(answer)

    def _answer(self, answer):
        if not answer:
            return
        self._answers.append(answer)
        if not self._tasks and not self._jobs:
            self._send()
        elif len(self._answers) == 1:
            self._loop.call_soon(self._send)

    def _send(self):
        answers = self._answers
        self._answers = []
        try:
            self._connection.send(answers)
        except OSError:
            pass  # the connection is gone, which its reader has seen too


class _Steps(collections.abc.Coroutine):
    """A coroutine of which each step can be interrupted like a call, and nothing between the steps.

    Its last step answers the call, and never raises anything into the task: nobody would look there.
    """

    def __init__(self, thread, target, method, flags, call, coroutine, started):
        self.target = target
        self.method = method
        self.flags = flags
        self.call = call
        self.started = started
        self.over = False
        self._thread = thread
        self._worker = thread.worker
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
                    worker.target = self.target
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
            self._thread.finish(self, error)
        finally:
            error = None
        raise StopIteration

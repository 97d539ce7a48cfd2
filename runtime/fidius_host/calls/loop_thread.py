"""A thread with an asyncio loop, for the coroutines of one plugin, or for everything that plugin does."""

import asyncio
import functools
import threading
import time
import weakref
from collections import deque

from ..plugins.call_contexts import Context, copy_context
from ..stopping.interruption import FidiusCancelled
from ..transport.protocol import STOPPED, TIMED, frame
from .coroutine_steps import CoroutineDropped, Steps, drive
from .threads import start_thread
from .worker import Worker

_END_SECONDS = 1.0
_MAX_FAILURES = 8
"""A thread whose loops fail so often without taking a call between ends."""

_CLOSED = "the plugin closed the event loop of its calls, or made it unusable"


class LoopThread:
    """Runs what it is given in the order it comes; coroutines overlap. ``submit`` and ``adopt`` may be called by anyone.

    The loop is the plugin's to use, hence also to stop, to close and to furnish with a task factory. Every call is answered
    all the same: a stopped loop is started again, a closed one is replaced, and a task that ends answers its call.
    """

    def __init__(self, lock, name, connection, answering):
        self.plugin = name
        self.worker = Worker(lock, "fidius-loop-%s" % name)
        self._connection = connection
        self._answering = answering
        self._jobs = deque()
        self._scheduled = False
        self._tasks = {}
        self._steps = {}
        """What drives each coroutine. Weak: when the plugin drops one, nothing else may keep it, and the call is answered."""
        self._fresh = []
        """Tasks that were made by the jobs that are being taken."""
        self._cancelled = set()
        self._answers = []
        self._ended = threading.Event()
        self._ending = False
        self._failures = 0
        self._context = Context()
        self._loop = _new_loop()
        start_thread(self.worker.name, self._serve)

    def submit(self, target, method, flags, call, data):
        """Run a call of a plugin."""
        self._enqueue((call, functools.partial(self._run, target, method, flags, call, data), flags, data))

    def adopt(self, target, method, flags, call, coroutine):
        """Finish a call that gave a coroutine, in the context of the caller."""
        run = copy_context().run
        self._enqueue((call, functools.partial(run, self._begin, target, method, flags, call, coroutine), 0, b""))

    def cancel(self, call):
        """Cancel a call that is here; false when it is not. Under the lock."""
        # Noted first and looked for second, in the order of its life: wherever it goes meanwhile, the thread sees the note.
        self._cancelled.add(call)
        if any(job[0] == call for job in list(self._jobs)):
            return True
        if call in self._tasks:
            try:
                self._schedule(self._cancel_task, call)
            except RuntimeError:
                pass  # closed by the plugin: the thread answers its calls
            return True
        if self.worker.starting == call:
            return True
        self._cancelled.discard(call)
        return False

    def end_soon(self):
        """Cancel what runs, and end the loop."""
        self._ending = True
        try:
            self._schedule(self._end)
        except RuntimeError:
            pass  # ended already

    def end(self):
        """The same, and wait a moment for it."""
        self.end_soon()
        if threading.get_ident() != self.worker.ident:
            self._ended.wait(_END_SECONDS)

    def _enqueue(self, job):
        self._jobs.append(job)
        if self._ended.is_set():
            self._refuse_jobs()
        elif not self._scheduled:
            self._scheduled = True
            loop = self._loop
            try:
                self._schedule(self._take_jobs)
            except RuntimeError:
                # Closed by the plugin. The thread looks at the jobs once it has another loop: before now, perhaps.
                if self._loop is not loop:
                    self._schedule(self._take_jobs)

    def _schedule(self, callback, *args):
        # In a context of no plugin: the caller may be within a call.
        self._loop.call_soon_threadsafe(callback, *args, context=self._context)

    # the thread

    def _serve(self):
        self.worker.adopt_thread()
        asyncio.set_event_loop(self._loop)
        try:
            while not self._ending and self._failures < _MAX_FAILURES:
                try:
                    self._loop.run_forever()
                except Exception:
                    self._failures += 1
                    self._replace_loop()
                except BaseException as error:  # out of a callback of the plugin's own
                    self._report(error)
                else:
                    if self._loop.is_closed() and not self._ending:
                        self._replace_loop()
            self._finish_loop()
        finally:
            self._ended.set()
            self._fail_all()
            self._refuse_jobs()

    def _replace_loop(self):
        """Go on with another loop where the plugin has closed or broken the one there was."""
        self._fresh.clear()
        broken = self._loop
        asyncio._set_running_loop(None)
        self._loop = _new_loop()
        asyncio.set_event_loop(self._loop)
        self._fail_all()
        try:
            broken.close()
        except Exception:
            pass
        self._scheduled = False
        if self._jobs:
            self._scheduled = True
            self._schedule(self._take_jobs)

    def _fail_all(self):
        for call, weak in list(self._steps.items()):
            steps = weak()
            if steps is not None:
                steps.fail(CoroutineDropped(_CLOSED))
            elif self._steps.pop(call, None) is not None:
                self._tasks.pop(call, None)
                self._answer(self._answering.raised(self.worker, call, CoroutineDropped(_CLOSED)))

    def _finish_loop(self):
        try:
            self._loop.set_task_factory(None)
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        except Exception:
            pass  # closed by the plugin
        finally:
            try:
                self._loop.close()
            except Exception:
                pass

    def _report(self, error):
        try:
            self._loop.call_exception_handler({"message": "the loop was left by an exception", "exception": error})
        except BaseException:
            pass  # the plugin's own handler

    def _end(self):
        self._ending = True
        # What ends the loop is not the plugin's to wrap.
        self._loop.set_task_factory(None)
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
        self._failures = 0
        while self._jobs:
            # In one place or the other at any time: the control thread may be looking for it.
            self.worker.starting = self._jobs[0][0]
            call, job, flags, data = self._jobs.popleft()
            if call in self._cancelled:
                self._answer(self._answering.skip(flags, call, data))
            else:
                job()
            self.worker.starting = None
            if call not in self._tasks:
                self._cancelled.discard(call)
        if self._fresh:
            fresh, self._fresh = self._fresh, []
            try:
                self._loop.call_soon(self._look_at_fresh, fresh, context=self._context)
            except RuntimeError:
                pass  # closed by the plugin: the thread answers its calls

    def _look_at_fresh(self, fresh):
        """Answer for tasks that were cancelled before their first step, which is over now: it did not reach the coroutine."""
        for steps, task in fresh:
            if not steps.over and task.done():
                steps.task_ended(task)

    def _refuse_jobs(self):
        """Answer what came when the thread had ended."""
        answers = []
        while self._jobs:
            try:
                call, _, flags, data = self._jobs.popleft()
            except IndexError:
                break  # the thread itself was faster
            self._answering.forget(flags, data)
            answers.append(self._answering.raised(self.worker, call, CoroutineDropped(_CLOSED)))
        self._send(answers)

    def _run(self, target, method, flags, call, data):
        self._answer(self._answering.run(self.worker, target, method, flags, call, data, self._begin))

    def _begin(self, target, method, flags, call, coroutine):
        """Make a task of a coroutine, which copies the current context: that of the call."""
        started = time.perf_counter() if flags & TIMED else None
        steps = Steps(self, target, method, flags, call, coroutine, started)
        known = self._steps[call] = weakref.ref(steps)
        driven = drive(steps)
        driven.__name__, driven.__qualname__ = coroutine.__name__, coroutine.__qualname__
        try:
            task = self._loop.create_task(driven)
            if type(task) is not asyncio.Task or task.get_coro() is not driven:
                # A task factory had a hand in it, and the task may end without the coroutine.
                steps.watched = True
                task.add_done_callback(functools.partial(self._task_ended, known), context=self._context)
            else:
                self._fresh.append((steps, task))
        except BaseException as error:
            driven.close()
            steps.fail(error)
            return
        if not steps.over:  # eager tasks, which a plugin may ask for, can be over by now
            # The loop itself keeps no task that waits for something which only that task refers to.
            self._tasks[call] = task
            if call in self._cancelled:
                self._cancel_task(call)

    def _task_ended(self, known, task):
        # Not looked up by its call, which may have gone on in another task: a coroutine can return a coroutine.
        steps = known()
        if steps is not None:
            steps.task_ended(task)
        elif not task.cancelled():
            task.exception()  # the call has told of it; asyncio would, too

    def _cancel_task(self, call):
        task = self._tasks.get(call)
        if task is None:
            return
        try:
            task.cancel()
        except BaseException as error:  # whatever the plugin's task factory returned
            steps = self._steps.get(call, _nothing)()
            if steps is not None:
                steps.fail(error)

    def finish(self, steps, error):
        """Answer a call that ended with ``error``, which is ``StopIteration`` when it returned. Once per call."""
        call = steps.call
        steps.over = True
        if self._steps.pop(call, None) is None:
            return
        self._tasks.pop(call, None)
        given_up = call in self._cancelled
        self._cancelled.discard(call)
        if isinstance(error, StopIteration):
            answer = self._answering.returned(
                self.worker, steps.target, steps.method, steps.flags, call, error.value, steps.started
            )
        elif given_up and isinstance(error, (asyncio.CancelledError, FidiusCancelled, CoroutineDropped)):
            answer = frame(STOPPED, call)
        else:
            answer = self._answering.raised(self.worker, call, error, steps.started)
        self._answer(answer)

    def run_soon(self, function, *args):
        """Run a function on this thread: at once if it is the calling one, which may be whatever collects garbage."""
        if threading.get_ident() == self.worker.ident:
            function(*args)
            return
        try:
            self._schedule(function, *args)
        except RuntimeError:
            pass  # closed: the thread answers its calls

    def _answer(self, answer):
        if not answer:
            return
        self._answers.append(answer)
        if not self._steps and not self._jobs:
            self._send_answers()
        elif len(self._answers) == 1:
            try:
                self._loop.call_soon(self._send_answers, context=self._context)
            except RuntimeError:  # closed by the plugin
                self._send_answers()

    def _send_answers(self):
        answers = self._answers
        self._answers = []
        self._send(answers)

    def _send(self, answers):
        try:
            self._connection.send(answers)
        except OSError:
            pass  # the connection is gone, which its reader has seen too
        self._answering.answered()


def _nothing():
    """In place of a weak reference."""


def _new_loop():
    try:
        return asyncio.new_event_loop()
    except Exception:  # out of a policy that the plugin set
        return asyncio.SelectorEventLoop()

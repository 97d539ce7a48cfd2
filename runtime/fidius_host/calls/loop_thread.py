"""A thread with an asyncio event loop, for the coroutines of one plugin, or for all calls of that plugin."""

import asyncio
import concurrent.futures
import functools
import threading
import time
import weakref
from collections import deque

from ..plugins.call_contexts import Context, copy_context
from ..stopping.interruption import FidiusCancelled
from ..transport.protocol import STOPPED, TIMED, frame
from .coroutine_steps import CoroutineDropped, CoroutineSteps, drive
from .threads import start_thread
from .worker import Worker

_END_SECONDS = 1.0
_MAX_FAILURES = 8
"""The thread ends after this many failures of its loops without a call in between."""

_CLOSED = "the plugin closed the event loop of its calls, or made it unusable"


class LoopThread:
    """Runs calls in the order of their arrival; coroutines overlap. ``submit`` and ``adopt`` may be called by any
    thread.

    The plugin may use the loop: it can also stop it, close it, and set a task factory. Every call is answered
    nevertheless: a stopped loop is started again, a closed loop is replaced, and the end of a task answers its call.
    """

    is_loop = True

    def __init__(self, lock, name, connection, runner):
        self.plugin = name
        self.worker = Worker(lock, "fidius-loop-%s" % name)
        self._connection = connection
        self._runner = runner
        self._jobs = deque()
        self._scheduled = False
        self._tasks = {}
        self._steps = {}
        """The ``CoroutineSteps`` of each call.

        Weak references: if the plugin drops a coroutine, its call must be answered.
        """
        self._new_tasks = []
        """Tasks of the jobs that were just started."""
        self._cancelled = set()
        self._answers = []
        self._ended = threading.Event()
        self._ending = False
        self._failures = 0
        self._context = Context()
        self._loop = _new_loop()
        start_thread(self.worker.name, self._serve)

    def submit(self, plugin, method, flags, call, data):
        """Run a call of a plugin."""
        self._enqueue((call, functools.partial(self._run, plugin, method, flags, call, data), flags, data))

    def adopt(self, plugin, method, flags, call, coroutine):
        """Run the coroutine that a call has returned, in the context of the caller."""
        run = copy_context().run
        self._enqueue((call, functools.partial(run, self._begin, plugin, method, flags, call, coroutine), 0, b""))

    def cancel(self, call):
        """Cancel a call of this thread, or return false if it has no such call. Under the lock."""
        # First the note, then the search in the order in which a call moves: the thread sees the note in any case.
        self._cancelled.add(call)
        if any(job[0] == call for job in list(self._jobs)):
            return True
        if call in self._tasks:
            try:
                self._schedule(self._cancel_task, call)
            except RuntimeError:
                pass  # the plugin has closed the loop: the thread answers its calls
            return True
        if self.worker.starting == call:
            return True
        self._cancelled.discard(call)
        return False

    def run(self, coroutine, timeout=None, plugin=None):
        """Run a coroutine that belongs to no call, and return its result. By another thread.

        What it prints is output of ``plugin``. Raises ``TimeoutError``.
        """
        if plugin is not None:
            coroutine = self._run_for(plugin, coroutine)
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(timeout)
        except concurrent.futures.TimeoutError:
            if not future.done():
                future.cancel()
                raise TimeoutError("not done after %g seconds" % timeout) from None
            raise

    async def _run_for(self, plugin, coroutine):
        before = self.worker.begin_output(plugin)
        try:
            return await coroutine
        finally:
            self.worker.end_output(before)

    def end_soon(self):
        """Cancel all calls, and end the loop."""
        self._ending = True
        try:
            self._schedule(self._end)
        except RuntimeError:
            pass  # the loop has ended

    def end(self):
        """Do the same, and wait for it for a limited time."""
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
                self._schedule(self._run_jobs)
            except RuntimeError:
                # The plugin has closed the loop. The thread runs the jobs on its next loop, which may be there already.
                if self._loop is not loop:
                    self._schedule(self._run_jobs)

    def _schedule(self, callback, *args):
        # In the context of no plugin: the caller may be running a call.
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
                except BaseException as error:  # raised by a callback of the plugin
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
        """Continue with a new loop after the plugin has closed or broken the old one."""
        self._new_tasks.clear()
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
            self._schedule(self._run_jobs)

    def _fail_all(self):
        for call, weak in list(self._steps.items()):
            steps = weak()
            if steps is not None:
                steps.fail(CoroutineDropped(_CLOSED))
            elif self._steps.pop(call, None) is not None:
                self._tasks.pop(call, None)
                self._answer(self._runner.raised(self.worker, call, CoroutineDropped(_CLOSED)))

    def _finish_loop(self):
        try:
            self._loop.set_task_factory(None)
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        except Exception:
            pass  # the plugin has closed the loop
        finally:
            try:
                self._loop.close()
            except Exception:
                pass

    def _report(self, error):
        try:
            self._loop.call_exception_handler({"message": "an exception has ended the loop", "exception": error})
        except BaseException:
            pass  # the exception handler of the plugin

    def _end(self):
        self._ending = True
        # The task factory of the plugin must not wrap the task that ends the loop.
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

    def _run_jobs(self):
        self._scheduled = False
        self._failures = 0
        while self._jobs:
            # At any time in `starting` or in `_jobs`, where the control thread searches.
            self.worker.starting = self._jobs[0][0]
            call, job, flags, data = self._jobs.popleft()
            if call in self._cancelled:
                self._answer(self._runner.skip(flags, call, data))
            else:
                job()
            self.worker.starting = None
            if call not in self._tasks:
                self._cancelled.discard(call)
        if self._new_tasks:
            tasks, self._new_tasks = self._new_tasks, []
            try:
                self._loop.call_soon(self._check_new_tasks, tasks, context=self._context)
            except RuntimeError:
                pass  # the plugin has closed the loop: the thread answers its calls

    def _check_new_tasks(self, tasks):
        """Answer the calls of tasks that were cancelled before their first step, which never reached the coroutine."""
        for steps, task in tasks:
            if not steps.answered and task.done():
                steps.task_ended(task)

    def _refuse_jobs(self):
        """Answer the calls that arrived after the end of the thread."""
        answers = []
        while self._jobs:
            try:
                call, _, flags, data = self._jobs.popleft()
            except IndexError:
                break  # another thread has taken the last one
            self._runner.discard(flags, data)
            answers.append(self._runner.raised(self.worker, call, CoroutineDropped(_CLOSED)))
        self._send(answers)

    def _run(self, plugin, method, flags, call, data):
        self._answer(self._runner.run(self.worker, plugin, method, flags, call, data, self._begin))

    def _begin(self, plugin, method, flags, call, coroutine):
        """Make a task of a coroutine. The task copies the current context, which is that of the call."""
        started = time.perf_counter() if flags & TIMED else None
        steps = CoroutineSteps(self, plugin, method, flags, call, coroutine, started)
        known = self._steps[call] = weakref.ref(steps)
        driven = drive(steps)
        driven.__name__, driven.__qualname__ = coroutine.__name__, coroutine.__qualname__
        try:
            task = self._loop.create_task(driven)
            if type(task) is not asyncio.Task or task.get_coro() is not driven:
                # A task factory has made the task, which may end without the coroutine.
                steps.observed = True
                task.add_done_callback(functools.partial(self._task_ended, known), context=self._context)
            else:
                self._new_tasks.append((steps, task))
        except BaseException as error:
            driven.close()
            steps.fail(error)
            return
        if not steps.answered:  # eager tasks, which a plugin may enable, can have ended by now
            # The loop itself does not keep a task alive that waits for an object which only the task refers to.
            self._tasks[call] = task
            if call in self._cancelled:
                self._cancel_task(call)

    def _task_ended(self, known, task):
        # Not found by the number of the call, which may continue in another task: a coroutine can return a coroutine.
        steps = known()
        if steps is not None:
            steps.task_ended(task)
        elif not task.cancelled():
            task.exception()  # marks it as read: the call has reported it, and asyncio would report it again

    def _cancel_task(self, call):
        task = self._tasks.get(call)
        if task is None:
            return
        try:
            task.cancel()
        except BaseException as error:  # the task factory of the plugin may return any object
            steps = self._steps.get(call, _no_steps)()
            if steps is not None:
                steps.fail(error)

    def finish(self, steps, error):
        """Answer a call that ended with ``error``: ``StopIteration`` if it has returned. Once per call."""
        call = steps.call
        steps.answered = True
        if self._steps.pop(call, None) is None:
            return
        self._tasks.pop(call, None)
        cancelled = call in self._cancelled
        self._cancelled.discard(call)
        if isinstance(error, StopIteration):
            answer = self._runner.returned(
                self.worker, steps.plugin, steps.method, steps.flags, call, error.value, steps.started
            )
        elif cancelled and isinstance(error, (asyncio.CancelledError, FidiusCancelled, CoroutineDropped)):
            self._runner.conversations.end(call)
            answer = frame(STOPPED, call)
        else:
            answer = self._runner.raised(self.worker, call, error, steps.started)
        self._answer(answer)

    def run_soon(self, function, *args):
        """Run a function on this thread, immediately if it is the calling thread.

        Any thread that collects garbage may call it.
        """
        if threading.get_ident() == self.worker.ident:
            function(*args)
            return
        try:
            self._schedule(function, *args)
        except RuntimeError:
            pass  # the loop is closed: the thread answers its calls

    def _answer(self, answer):
        if not answer:
            return
        self._answers.append(answer)
        if not self._steps and not self._jobs:
            self._send_answers()
        elif len(self._answers) == 1:
            try:
                self._loop.call_soon(self._send_answers, context=self._context)
            except RuntimeError:  # the plugin has closed the loop
                self._send_answers()

    def _send_answers(self):
        answers = self._answers
        self._answers = []
        self._send(answers)

    def _send(self, answers):
        try:
            self._connection.send(answers)
        except OSError:
            pass  # the connection has ended, which its reader notices, too
        self._runner.answered()


def _no_steps():
    """Stands for a weak reference without an object."""


def _new_loop():
    try:
        return asyncio.new_event_loop()
    except Exception:  # raised by an event loop policy of the plugin
        return asyncio.SelectorEventLoop()

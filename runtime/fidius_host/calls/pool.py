"""The threads that run calls, by the leader/followers pattern.

The thread that reads a frame also runs its call, because passing a call to another thread costs more than most calls
take. To keep a long call from blocking others, its thread passes the lead on: immediately if that method was slow
before, otherwise when the ``LeaderWatch`` notices. Another thread then reads on, and calls that wait overlap. A call
that runs on a thread that does not lead is *detached*.
"""

import threading
import time
from collections import deque

from ..codec import encode
from ..transport import conversation
from ..transport.protocol import CALL, HEADER, HEADER_BYTES, HANDSHAKE, HOST_RESULT, POOL, RELEASE, ProtocolError, frame
from .served_plugin import ALWAYS_SLOW, ON_LOOP, SLOW, STREAMS
from .stream_thread import StreamThread
from .host_waits import HostWaits
from .threads import ThreadsReplaced, start_thread
from .worker import Worker

IDLE_SECONDS = 30
"""A thread without work ends after this time."""

_LEAD = object()

_MAX_UNSENT = 64
"""Answers of short calls that are sent together."""


class Pool:
    """Reads calls from a connection and runs them.

    ``events`` is a ``ServerEvents``, ``leader_watch`` a ``LeaderWatch``. ``threads`` and ``spare_threads`` are the
    bounds.
    """

    def __init__(self, events, connection, runner, loops, shared_payloads, leader_watch, threads, spare_threads):
        self.lock = loops.lock
        """Guards the following attributes, and every change that other threads must see as one."""
        self.workers = []
        self.leader = None
        self.stuck = 0
        self.plugins = {}
        self.loops = loops
        self.conversations = runner.conversations
        self.cancelled_early = set()
        """Calls that were cancelled before they were read."""
        self.last_read = 0
        """The call that was read last."""
        self.default_limit = max(1, threads - 1)
        """How many calls of one plugin may run at a time by default: one thread remains for the other plugins."""
        self._events = events
        self._connection = connection
        self._runner = runner
        self._shared_payloads = shared_payloads
        self._leader_watch = leader_watch
        self._threads = threads
        self._spare_threads = spare_threads
        self.closed = False
        self._idle = []
        self.ready = deque()
        """Calls that may run and have no thread yet, as ``(plugin, job)``."""
        self._names = 0
        self.waits = HostWaits(self, connection, events)

    def start(self):
        with self.lock:
            self.leader = worker = self.new_worker()
        self.run_worker(worker)

    def close(self):
        """End all threads as soon as their calls have ended."""
        with self.lock:
            self.closed = True
            for worker in self._idle:
                worker.wake_lock.release()
            self._idle.clear()

    def all_workers(self):
        """Return the workers of this pool and of the loops."""
        return self.workers + [loop.worker for loop in self.loops.threads]

    def current(self):
        """Return the worker of the calling thread, or ``None`` for a thread of another origin."""
        ident = threading.get_ident()
        return next((worker for worker in self.all_workers() if worker.ident == ident), None)

    def was_read(self, call):
        """Tell whether a call was already read. The numbers start again after 2**32."""
        return (self.last_read - call) & 0xFFFFFFFF < 1 << 31

    def interrupt_calls(self):
        """Interrupt all running calls, and return whether there were any.

        The caller repeats this until there are none.
        """
        running = False
        with self.lock:
            for worker in self.all_workers():
                call = worker.call
                if call is not None:
                    running = True
                    worker.interrupt(call)
        return running

    # the life of a thread

    def new_worker(self):
        self._names += 1
        worker = Worker(self.lock, "fidius-%d" % self._names)
        self.workers.append(worker)
        return worker

    def run_worker(self, worker):
        """Start the thread of a worker. Outside the lock, because starting waits for the new thread."""
        self._events.thread_started()
        try:
            start_thread(worker.name, self._serve, worker)
        except RuntimeError as error:  # the system cannot start a thread, or a plugin has replaced the threads
            self._events.thread_ended()
            with self.lock:
                self.workers.remove(worker)
                if self.leader is worker:
                    self.leader = None
                was_last = not self.workers
            if isinstance(error, ThreadsReplaced):
                self._events.fail_with(error)
            elif was_last:
                self._events.fail("cannot start a thread: %s" % error)
        else:
            self.report()

    def _serve(self, worker):
        worker.adopt_thread()
        try:
            while True:
                work = self._next_work(worker)
                if work is None:
                    break
                if work is _LEAD:
                    self._lead(worker)
                else:
                    self._run_detached(worker, *work)
                    work = None
        except OSError:
            self._events.stop()  # the connection has ended
        except BaseException as error:
            self._events.fail_with(error)
        finally:
            with self.lock:
                self.workers.remove(worker)
                if self.leader is worker:
                    self.leader = None
            if not self.closed:
                self.report()
            self._events.thread_ended()

    def _next_work(self, worker):
        """Wait for work: ``_LEAD``, a call that may run, or ``None`` if the worker must end."""
        while True:
            with self.lock:
                if self.closed:
                    return None
                if self.leader is worker:
                    return _LEAD
                if self.ready:
                    work = self.ready.popleft()
                    worker.starting = work[1][2]
                    return work
                if self.leader is None:
                    self.leader = worker
                    return _LEAD
                if len(self.workers) - self._replacements() - self.waits.count > self._threads:
                    return None
                self._idle.append(worker)
            if not worker.wake_lock.acquire(timeout=IDLE_SECONDS):
                with self.lock:
                    if worker in self._idle:
                        self._idle.remove(worker)
                        return None
                worker.wake_lock.acquire()

    # leading

    def _lead(self, worker):
        """Read frames and run their calls until another thread leads or the connection ends."""
        connection, plugins, cancelled_early = self._connection, self.plugins, self.cancelled_early
        unsent = worker.unsent
        unpack, run, watch = HEADER.unpack_from, self._runner.run, self._leader_watch
        connection.busy = True
        if not watch.watching:
            watch.watch()
        at, end = connection.at, connection.end
        while True:
            view = connection.view
            while end - at >= HEADER_BYTES:
                size, kind, flags, method, call, number = unpack(view, at)
                start = at + HEADER_BYTES
                if start + size > end:
                    break
                connection.at = at = start + size
                if kind != CALL:
                    if kind == HOST_RESULT and at == end and self.waits.give_lead(worker, number):
                        self.handle_frame(kind, flags, call, number, view[start:at])
                        return
                    self.handle_frame(kind, flags, call, number, view[start:at])
                    continue
                self.last_read = call
                plugin = plugins.get(number)
                if plugin is None or plugin.special[method] or plugin.full or cancelled_early:
                    if self._run_special(worker, plugin, method, flags, call, view[start:at]):
                        if worker.moved:
                            view, at, end = self.waits.position(worker)
                        continue
                    return
                unsent.append(run(worker, plugin, method, flags, call, view[start:at]))
                if self.leader is not worker:
                    self._finish_detached(worker, plugin, method)
                    return
                if worker.moved:
                    view, at, end = self.waits.position(worker)
                if len(unsent) > _MAX_UNSENT:
                    connection.send(unsent)
                    unsent.clear()
            if unsent:
                connection.send(unsent)
                unsent.clear()
            if not connection.receive(end > at):
                self._events.stop()
                return
            if not watch.watching:
                watch.watch()
            at, end = connection.at, connection.end

    def handle_frame(self, kind, flags, call, number, data):
        if kind == RELEASE:
            self._shared_payloads.release(call)
        elif kind == HANDSHAKE:
            raise ProtocolError("a second handshake")
        elif conversation.is_host_message(kind):
            message = conversation.read_host_message(kind, flags, number, data)
            # The host may have sent it before it knew that the call has ended.
            if not self.conversations.received(call, message) and (kind == HOST_RESULT or not self.was_read(call)):
                name = conversation.name_of(kind)
                raise ProtocolError('a frame "%s" for call %d, which does not use it' % (name, call))
        else:
            raise ProtocolError("a frame of type %d" % kind)

    def _run_special(self, worker, plugin, method, flags, call, data):
        """Handle a call that is not a short call without flags. Returns false if the worker does not lead any more."""
        if call in self.cancelled_early:
            self.cancelled_early.discard(call)
            worker.unsent.append(self._runner.skip(flags, call, data))
            return True
        if plugin is None:
            worker.unsent.append(self._runner.skip(flags, call, data))
            return True
        if plugin.special[method] & STREAMS:
            self._begin_conversation(worker, plugin, method, flags, call, bytes(data))
            return True
        if plugin.special[method] & ON_LOOP:
            self.loops.of(plugin).submit(plugin, method, flags, call, bytes(data))
            return True
        if not plugin.full and not plugin.special[method]:
            worker.unsent.append(self._runner.run(worker, plugin, method, flags, call, data))
            if self.leader is worker:
                return True
            self._finish_detached(worker, plugin, method)
            return False
        data = bytes(data)
        with self.lock:
            if plugin.full:
                plugin.waiting.append((method, flags, call, data))
                return True
            plugin.begin_detached()
            worker.starting = call
            starting = self.pass_lead()
        if worker.unsent:
            self._connection.send(worker.unsent)
            worker.unsent.clear()
        if starting is not None:
            self.run_worker(starting)
        self._run_detached(worker, plugin, (method, flags, call, data))
        return False

    def _begin_conversation(self, worker, plugin, method, flags, call, data):
        """Run a call with streams on a thread that does not read frames: the call waits for some."""
        takes, returns, _ = plugin.streams[method]
        conversation = self.conversations.begin(call, takes, returns)
        try:
            if plugin.special[method] & ON_LOOP:
                self.loops.of(plugin).submit(plugin, method, flags, call, data)
            else:
                thread = StreamThread(plugin, self.loops, conversation, self._runner, self._connection)
                thread.start(plugin, method, flags, data)
        except RuntimeError as error:  # the system cannot start a thread
            self._runner.discard(flags, data)
            worker.unsent.append(self._runner.raised(worker, call, error))

    def pass_lead(self):
        """Let another thread lead. Under the lock. The caller must start the returned worker, outside the lock."""
        self.leader, starting = self.free_worker()
        return starting

    def free_worker(self):
        """Return an idle or new worker, and the same worker again if it must be started; ``(None, None)`` if there is
        none.
        """
        if self._idle:
            worker = self._idle.pop()
            worker.wake_lock.release()
            return worker, None
        if len(self.workers) - self._replacements() - self.waits.count < self._threads:
            worker = self.new_worker()
            return worker, worker
        return None, None

    def _replacements(self):
        """Number of stuck threads that another thread replaces."""
        return min(self.stuck, self._spare_threads)

    def demote(self, worker, call):
        """Take the lead from a thread that has run one call for long. By the control thread."""
        with self.lock:
            if self.leader is not worker or worker.reading:
                return
            worker.needs_attention = True
            if worker.call != call:
                return
            if not worker.waiting:  # a call that waits is not counted, and `end_wait` does so
                worker.plugin.begin_detached()
            answers = worker.unsent[:]
            worker.unsent.clear()
            # The call may still read its arguments from the old buffer.
            self._connection.replace_buffer()
            starting = self.pass_lead()
        if starting is not None:
            self.run_worker(starting)
        if answers:
            self._connection.send(answers)

    # detached calls

    def _finish_detached(self, worker, plugin, method):
        """Finish a call that began while this thread led and ended while it did not."""
        plugin.special[method] |= SLOW
        self._connection.send(worker.unsent)
        worker.unsent.clear()
        self._run_detached(worker, plugin, self._next_detached(worker, plugin))

    def _run_detached(self, worker, plugin, job):
        while job is not None:
            method, flags, call, data = job
            job = None
            started = time.perf_counter()
            answer = self._runner.run(worker, plugin, method, flags, call, data)
            if not plugin.special[method] & ALWAYS_SLOW:
                plugin.record_duration(method, time.perf_counter() - started)
            if answer:
                self._connection.send([answer])
            self._runner.answered()
            answer = data = None
            if self.leader is worker:
                # The lead was given to it while its call waited for a host function.
                self.waits.end_leading(worker, plugin)
                return
            job = self._next_detached(worker, plugin)

    def _next_detached(self, worker, plugin):
        with self.lock:
            was_stuck = worker.stuck
            counted = not was_stuck or plugin.strict
            if was_stuck:
                worker.stuck = False
                self.stuck -= 1
            job = plugin.end_detached() if counted else None
            worker.starting = None if job is None else job[2]
        if was_stuck:
            self.report()
        return job

    def remove_waiting(self, call):
        """Remove a call that waits for its turn or for a thread; return it, or ``None``. Under the lock."""
        for plugin, job in self.ready:
            if job[2] == call:
                self.ready.remove((plugin, job))
                following = plugin.end_detached()
                if following is not None:
                    self.ready.append((plugin, following))
                return job
        for plugin in self.plugins.values():
            job = plugin.remove_waiting(call)
            if job is not None:
                return job
        return None

    # threads that cannot be stopped

    def mark_stuck(self, worker):
        """Count a thread as stuck, and replace it by another one within the bounds. By the control thread."""
        with self.lock:
            if worker.stuck or worker.call is None or worker not in self.workers:
                return
            worker.stuck = True
            self.stuck += 1
            starting = [self.pass_lead()] if self.leader is None else []
            job = None if worker.plugin.strict else worker.plugin.end_detached()
            if job is not None:
                self.ready.append((worker.plugin, job))
                starting.append(self.free_worker()[1])
        self.report()
        for another in starting:
            if another is not None:
                self.run_worker(another)

    # calls that never run

    def skip_waiting(self, plugin):
        """Answer the waiting calls of a plugin that is unloaded."""
        with self.lock:
            jobs = plugin.remove_all_waiting()
        for _, flags, call, data in jobs:
            self._events.post(self._runner.skip(flags, call, data))

    def discard_unread(self):
        """Free the arguments of all calls that will never run. By the last thread."""
        jobs = [job for plugin in self.plugins.values() for job in plugin.remove_all_waiting()]
        jobs += [job for _, job in self.ready]
        self.ready.clear()
        for _, flags, _, data in jobs:
            self._runner.discard(flags, data)
        for kind, flags, data in self._connection.unread_frames():
            if kind == CALL:
                self._runner.discard(flags, data)

    def report(self):
        """Send the number of threads to the host."""
        facts = {"threads": len(self.workers), "stuck": self.stuck}
        self._events.post(frame(POOL, 0, encode(facts)))

"""The threads that run calls: one of them leads, the others follow.

The thread that reads a frame runs its call itself, because handing a call to another thread costs more than most calls
take. So that a long call holds nothing up, its thread gives up the lead: at once when that method was slow before, else
when the watch sees it (``control.py``). Another thread then reads on, and calls that wait overlap.
"""

import threading
import time
from collections import deque

from ..transport.protocol import CALL, HEADER, HEADER_BYTES, HELLO, POOL, RELEASE, ProtocolError, frame
from .served_plugin import ALWAYS_SLOW, ON_LOOP, SLOW
from .threads import ThreadsReplaced, start_thread
from ..codec import encode
from .worker import Worker

IDLE_SECONDS = 30
"""A thread that had nothing to do for so long ends."""

_LEAD = object()

_ANSWERS_HELD = 64
"""Answers of short calls that are sent together."""


class Pool:
    """``threads`` and ``spare_threads`` are the bounds; see ``Server`` for the rest."""

    def __init__(self, server, connection, answering, threads, spare_threads):
        self.lock = threading.RLock()
        """Guards what follows, and every change that other threads must see whole."""
        self.workers = []
        self.leader = None
        self.stuck = 0
        self.targets = {}
        self.loops = []
        self.doomed = set()
        """Calls that were given up before they were read."""
        self.last = 0
        """The call that was read last."""
        self.usual_limit = max(1, threads - 1)
        """How many calls of one plugin may run at a time unless it says otherwise: one thread is left for the others."""
        self._server = server
        self._connection = connection
        self._answering = answering
        self._threads = threads
        self._spare_threads = spare_threads
        self._idle = []
        self._ready = deque()
        """Calls that may run and have no thread yet, as ``(target, job)``."""
        self._names = 0

    def start(self):
        with self.lock:
            self.leader = worker = self._new_worker()
        self._start_thread(worker)

    def current(self):
        """The worker of the calling thread, if it is one of ours."""
        ident = threading.get_ident()
        workers = self.workers + [loop.worker for loop in self.loops]
        return next((worker for worker in workers if worker.ident == ident), None)

    def read_past(self, call):
        """Whether a call was read already; numbers start again after 2**32."""
        return (self.last - call) & 0xFFFFFFFF < 1 << 31

    # the life of a thread

    def _new_worker(self):
        self._names += 1
        worker = Worker(self.lock, "fidius-%d" % self._names)
        self.workers.append(worker)
        return worker

    def _start_thread(self, worker):
        """Outside the lock: starting waits for the new thread."""
        self._server.thread_begins()
        try:
            start_thread(worker.name, self._serve, worker)
        except RuntimeError as error:  # the system has no thread left, or a plugin replaced them
            self._server.thread_ended()
            with self.lock:
                self.workers.remove(worker)
                if self.leader is worker:
                    self.leader = None
                alone = not self.workers
            if isinstance(error, ThreadsReplaced):
                self._server.fail_with(error)
            elif alone:
                self._server.fail("cannot start a thread: %s" % error)
        else:
            self.report()

    def _serve(self, worker):
        worker.adopt_thread()
        try:
            while True:
                work = self._seek(worker)
                if work is None:
                    break
                if work is _LEAD:
                    self._lead(worker)
                else:
                    self._run_apart(worker, *work)
                    work = None
        except OSError:
            self._server.stop()  # the connection is gone
        except BaseException as error:
            self._server.fail_with(error)
        finally:
            with self.lock:
                self.workers.remove(worker)
                if self.leader is worker:
                    self.leader = None
            if not self._server.stopping:
                self.report()
            self._server.thread_ended()

    def _seek(self, worker):
        """Wait for work: ``_LEAD``, a call that is ready, or ``None`` when the worker shall end."""
        while True:
            with self.lock:
                if self._server.stopping:
                    return None
                if self.leader is worker:
                    return _LEAD
                if self._ready:
                    work = self._ready.popleft()
                    worker.starting = work[1][2]
                    return work
                if self.leader is None:
                    self.leader = worker
                    return _LEAD
                if len(self.workers) - self._replaced() > self._threads:
                    return None
                self._idle.append(worker)
            if not worker.baton.acquire(timeout=IDLE_SECONDS):
                with self.lock:
                    if worker in self._idle:
                        self._idle.remove(worker)
                        return None
                worker.baton.acquire()

    def release_idle(self):
        """Wake all that wait, to end. Under the lock."""
        for worker in self._idle:
            worker.baton.release()
        self._idle.clear()

    # leading

    def _lead(self, worker):
        """Read frames and run what they ask for, until another thread leads or the connection ends."""
        connection, targets, doomed, out = self._connection, self.targets, self.doomed, worker.out
        unpack, run, control = HEADER.unpack_from, self._answering.run, self._server.control
        connection.busy = True
        if not control.watching:
            control.watch()
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
                    self._handle(kind, call, view[start:at])
                    continue
                self.last = call
                target = targets.get(number)
                if target is None or target.special[method] or target.full or doomed:
                    if self._run_specially(worker, target, method, flags, call, view[start:at]):
                        continue
                    return
                out.append(run(worker, target, method, flags, call, view[start:at]))
                if self.leader is not worker:
                    self._finish_apart(worker, target, method)
                    return
                if len(out) > _ANSWERS_HELD:
                    connection.send(out)
                    out.clear()
            if out:
                connection.send(out)
                out.clear()
            if not connection.receive(end > at):
                self._server.stop()
                return
            if not control.watching:
                control.watch()
            at, end = connection.at, connection.end

    def _handle(self, kind, call, data):
        if kind == RELEASE:
            self._server.references.release(call)
        elif kind == HELLO:
            raise ProtocolError("a second greeting")
        else:
            raise ProtocolError("a frame of type %d" % kind)

    def _run_specially(self, worker, target, method, flags, call, data):
        """What is not a plain short call. False when the worker does not lead any more."""
        if call in self.doomed:
            self.doomed.discard(call)
            worker.out.append(self._answering.skip(flags, call, data))
            return True
        if target is None:
            worker.out.append(self._answering.skip(flags, call, data))
            return True
        if target.special[method] & ON_LOOP:
            self._server.loop_of(target).submit(target, method, flags, call, bytes(data))
            return True
        if not target.full and not target.special[method]:
            worker.out.append(self._answering.run(worker, target, method, flags, call, data))
            if self.leader is worker:
                return True
            self._finish_apart(worker, target, method)
            return False
        data = bytes(data)
        with self.lock:
            if target.full:
                target.waiting.append((method, flags, call, data))
                return True
            target.admit()
            worker.starting = call
            starting = self.pass_lead()
        if worker.out:
            self._connection.send(worker.out)
            worker.out.clear()
        if starting is not None:
            self._start_thread(starting)
        self._run_apart(worker, target, (method, flags, call, data))
        return False

    def pass_lead(self):
        """Let another thread lead. Under the lock. A worker that is returned must be started, outside the lock."""
        self.leader, starting = self._free_worker()
        return starting

    def _free_worker(self):
        """A thread that has nothing to do, and whether it must be started; ``(None, None)`` when there is none."""
        if self._idle:
            worker = self._idle.pop()
            worker.baton.release()
            return worker, None
        if len(self.workers) - self._replaced() < self._threads:
            worker = self._new_worker()
            return worker, worker
        return None, None

    def _replaced(self):
        """How many stuck threads have another one in their place."""
        return min(self.stuck, self._spare_threads)

    def relieve(self, worker, call):
        """Take the lead from a thread that has been in one call for long. By the control thread."""
        with self.lock:
            if self.leader is not worker:
                return
            worker.attention = True
            if worker.call != call:
                return
            worker.target.admit()
            answers = worker.out[:]
            worker.out.clear()
            # The call may still be reading its arguments out of the old buffer.
            self._connection.renew()
            starting = self.pass_lead()
        if starting is not None:
            self._start_thread(starting)
        if answers:
            self._connection.send(answers)

    # calls that run apart

    def _finish_apart(self, worker, target, method):
        """A call that began under this thread's lead and ended without it."""
        target.special[method] |= SLOW
        self._connection.send(worker.out)
        worker.out.clear()
        self._run_apart(worker, target, self._next(worker, target))

    def _run_apart(self, worker, target, job):
        while job is not None:
            method, flags, call, data = job
            job = None
            started = time.perf_counter()
            answer = self._answering.run(worker, target, method, flags, call, data)
            if not target.special[method] & ALWAYS_SLOW:
                target.judge(method, time.perf_counter() - started)
            if answer:
                self._connection.send([answer])
            self._answering.answered()
            answer = data = None
            job = self._next(worker, target)

    def _next(self, worker, target):
        with self.lock:
            freed = worker.stuck
            counted = not freed or target.strict
            if freed:
                worker.stuck = False
                self.stuck -= 1
            job = target.dismiss() if counted else None
            worker.starting = None if job is None else job[2]
        if freed:
            self.report()
        return job

    def forget_waiting(self, call):
        """Drop a call that waits for its turn or for a thread, and return it; ``None`` when there is none. Under the lock."""
        for target, job in self._ready:
            if job[2] == call:
                self._ready.remove((target, job))
                following = target.dismiss()
                if following is not None:
                    self._ready.append((target, following))
                return job
        for target in self.targets.values():
            job = target.forget_waiting(call)
            if job is not None:
                return job
        return None

    # threads that cannot be stopped

    def set_aside(self, worker):
        """Count a thread as stuck; another one takes its place, up to a bound. By the control thread."""
        with self.lock:
            if worker.stuck or worker.call is None or worker not in self.workers:
                return
            worker.stuck = True
            self.stuck += 1
            starting = [self.pass_lead()] if self.leader is None else []
            job = None if worker.target.strict else worker.target.dismiss()
            if job is not None:
                self._ready.append((worker.target, job))
                starting.append(self._free_worker()[1])
        self.report()
        for another in starting:
            if another is not None:
                self._start_thread(another)

    # calls that never run

    def skip_waiting(self, target):
        """Answer the calls of a plugin that still wait for their turn: it is unloaded."""
        with self.lock:
            jobs = target.forget_all()
        for _, flags, call, data in jobs:
            self._server.post(self._answering.skip(flags, call, data))

    def forget_unread(self):
        """Give back the arguments of all calls that no thread will run any more. With the last thread."""
        jobs = [job for target in self.targets.values() for job in target.forget_all()]
        jobs += [job for _, job in self._ready]
        self._ready.clear()
        for _, flags, _, data in jobs:
            self._answering.forget(flags, data)
        for kind, flags, data in self._connection.rest():
            if kind == CALL:
                self._answering.forget(flags, data)

    def report(self):
        """Tell the host how the threads are."""
        facts = {"threads": len(self.workers), "stuck": self.stuck}
        self._server.post(frame(POOL, 0, encode(facts)))

"""Calls of the pool that wait for a host function: which thread reads frames meanwhile, and which calls may run."""

from ..transport.protocol import CALL, HEADER, HEADER_BYTES, ProtocolError


class HostWaits:
    """The waiting calls of one pool. ``count`` is the number of threads that wait: others take their place."""

    def __init__(self, pool, connection, events):
        self.count = 0
        self._pool = pool
        self._connection = connection
        self._events = events

    def is_loop(self, worker):
        """Tell whether a worker is the thread of an event loop."""
        return any(loop.worker is worker and loop.is_loop for loop in list(self._pool.loops.threads))

    def read_until(self, worker, is_done):
        """Read frames on the leading thread, whose call waits for one of them.

        Returns false if the thread does not lead, or if a call has arrived: another thread must read on. The arguments of the
        waiting call were decoded, so that the buffer may be filled again.
        """
        connection = self._connection
        with self._pool.lock:
            if self._pool.leader is not worker:
                return False
            worker.reading = worker.moved = True
            worker.waits += 1
        try:
            if worker.unsent:
                connection.send(worker.unsent)
                worker.unsent.clear()
            while not is_done():
                at, end = connection.at, connection.end
                if end - at >= HEADER_BYTES:
                    size, kind, flags, _, call, number = HEADER.unpack_from(connection.view, at)
                    start = at + HEADER_BYTES
                    if start + size <= end:
                        if kind == CALL:
                            return False
                        connection.at = start + size
                        self._pool.handle_frame(kind, flags, call, number, connection.view[start : start + size])
                        continue
                if not connection.receive(end > at):
                    self._events.stop()  # which ends the waiting
        except OSError:
            self._events.stop()  # the connection has ended
        except ProtocolError as error:
            self._events.fail_with(error)
        finally:
            with self._pool.lock:
                worker.reading = False
        return is_done()

    def position(self, worker):
        """Return the position of the reader after a call that has read frames itself."""
        worker.moved = False
        return self._connection.view, self._connection.at, self._connection.end

    def begin_wait(self, worker):
        """The call of the calling thread begins to wait for a host function. Returns whether ``end_wait`` must follow.

        Another thread reads frames: the result is one of them. The call does not count as running meanwhile, because the
        host function may call the plugin again.
        """
        answers, starting = [], []
        with self._pool.lock:
            if worker not in self._pool.workers:
                return False  # the thread of a loop or a stream, which is not one of the pool
            worker.waiting = True
            self.count += 1
            plugin = worker.plugin
            if self._pool.leader is worker:
                plugin.begin_detached()
                answers = worker.unsent[:]
                worker.unsent.clear()
                # The call may still read its arguments from the old buffer.
                self._connection.replace_buffer()
                starting.append(self._pool.pass_lead())
            elif self._pool.leader is None:
                starting.append(self._pool.pass_lead())
            job = plugin.end_detached()
            if job is not None:
                self._pool.ready.append((plugin, job))
            if self._pool.ready:
                free, another = self._pool.free_worker()
                # If none is free, one more is needed: the host function may be waiting for this very call.
                starting.append(another if free is not None else self._pool.new_worker())
        for another in starting:
            if another is not None:
                self._pool.run_worker(another)
        if answers:
            self._connection.send(answers)
        return True

    def end_wait(self, worker):
        with self._pool.lock:
            self.count -= 1
            worker.waiting = False
            # The calls of the leading thread are not counted.
            if self._pool.leader is not worker:
                worker.plugin.begin_detached()

    def give_lead(self, worker, number):
        """Let the thread lead whose call waits for the result that was just read, if it is one of the pool.

        It runs on in any case. If it soon calls a host function again, it reads the result itself, and no thread has to be
        woken.
        """
        following = self._pool.conversations.host_calls.worker_of(number)
        if following is None:
            return False
        if worker.unsent:
            self._connection.send(worker.unsent)
            worker.unsent.clear()
        with self._pool.lock:
            if not following.waiting or self._pool.closed:
                return False
            self._pool.leader = following
            following.moved = True  # it may have led before, from another position
            # This thread still reads the frame.
            self._connection.replace_buffer()
        return True

    def end_leading(self, worker, plugin):
        """Finish a detached call of a thread that leads now. It was not counted any more, as no call of a leader is."""
        with self._pool.lock:
            worker.starting = None
            plugin.begin_detached()
            job = plugin.end_detached()
            starting = None
            if job is not None:
                self._pool.ready.append((plugin, job))
                free, starting = self._pool.free_worker()
                if free is None:
                    self._pool.leader = None  # this thread runs the call, and nothing is read meanwhile
        if starting is not None:
            self._pool.run_worker(starting)

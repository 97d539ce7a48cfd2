"""The thread beside the pool: it takes in cancellations, and sees that a long call holds nothing up."""

import select
import socket
import time

from ..stopping import interruption
from ..transport.protocol import CANCEL, HEADER, HEADER_BYTES, SHUTDOWN, ProtocolError
from ..calls.threads import start_thread

TICK_MS = 5
"""A call that keeps its thread for longer than this, and up to twice as long, loses the lead."""

_IDLE_TICKS = 20
_BUSY_TICKS = 200

_STUCK_TICK_MS = 100

STUCK_SECONDS = 1.0
"""A call that goes on for so long after it was given up counts as one that cannot be stopped."""

_SEARCH_SECONDS = 0.05
_BEGIN_SECONDS = 1.0
_LOOP_SECONDS = 0.05


class Control:
    """Sleeps while there is nothing to watch: no call under way on the leading thread, none that was given up."""

    def __init__(self, server, channel, connection):
        self.watching = False
        """Whether the thread looks at the leader every few milliseconds."""
        self._server = server
        self._channel = channel
        self._connection = connection
        self._read = b""
        self._given_up = {}
        self._seen = None
        self._seen_last = None
        self._idle_ticks = 0
        self._ticks = 0
        self._waiting, self._waking = socket.socketpair()
        for end in (self._waiting, self._waking):
            end.setblocking(False)

    def start(self):
        self._server.thread_begins()
        start_thread("fidius-control", self._serve)

    def watch(self):
        """Look after the leader from now on. By the leader, after it set ``connection.busy``."""
        self.watching = True
        self.wake()

    def stay_awake(self):
        """See to it that somebody looks at what a call has changed that ended just now."""
        if not self.watching:
            self.watch()

    def wake(self):
        try:
            self._waking.send(b"\0")
        except OSError:
            pass  # awake already, or ended

    def sockets(self):
        return (self._channel, self._waiting, self._waking)

    def _serve(self):
        try:
            poll = select.poll()
            poll.register(self._channel, select.POLLIN)
            poll.register(self._waiting, select.POLLIN)
            while not self._server.stopping:
                for descriptor, _ in poll.poll(self._timeout()):
                    if descriptor == self._waiting.fileno():
                        self._waiting.recv(4096)
                    else:
                        self._take_frames()
                self._connection.flush()
                if self.watching:
                    self._look_after_leader()
                if self._given_up:
                    self._pursue()
        except OSError:
            self._server.stop()
        except BaseException as error:
            self._server.fail_with(error)
        finally:
            self._stop_calls()
            self._server.thread_ended()

    def _stop_calls(self):
        """Interrupt what runs on when the server has stopped, until it has ended: an import holds a lock of all loads."""
        seconds = TICK_MS / 1000
        while self._server.interrupt_calls():
            interruption.prepare()
            time.sleep(seconds)
            seconds = min(2 * seconds, _STUCK_TICK_MS / 1000)

    def _timeout(self):
        if self.watching:
            return TICK_MS
        if not self._given_up:
            return None
        return TICK_MS if any(not pursuit.stuck for pursuit in self._given_up.values()) else _STUCK_TICK_MS

    def _take_frames(self):
        data = self._channel.recv(4096)
        if not data:
            self._server.stop()
            return
        self._read += data
        while len(self._read) >= HEADER_BYTES:
            size, kind, _, _, call, _ = HEADER.unpack_from(self._read)
            if size != 0 or kind not in (CANCEL, SHUTDOWN):
                raise ProtocolError("a frame of type %d with %d bytes on the control channel" % (kind, size))
            self._read = self._read[HEADER_BYTES:]
            if kind == SHUTDOWN:
                self._server.stop()
            else:
                self._server.tell_place(call)
                self._given_up[call] = _Pursuit()
                interruption.prepare()

    # the leader

    def _look_after_leader(self):
        pool = self._server.pool
        leader = pool.leader
        call = leader.call if leader is not None and self._connection.busy else None
        if call is not None and call == self._seen:
            pool.relieve(leader, call)
        self._seen = call
        if pool.last == self._seen_last and call is None:
            self._idle_ticks += 1
            if self._idle_ticks > _IDLE_TICKS:
                self._rest()
        else:
            self._idle_ticks = 0
        self._seen_last = pool.last
        self._ticks += 1
        if self._ticks > _BUSY_TICKS:
            # Where calls never come to rest.
            self._ticks = 0
            self._server.report_changes()

    def _rest(self):
        self._idle_ticks = 0
        self.watching = False
        # The leader sets `busy` first and looks at `watching` second: one of the two sees the other.
        if self._connection.busy and self._server.pool.leader is not None:
            self.watching = True
        else:
            # Not after each call: looking takes longer than most calls do.
            self._ticks = 0
            self._server.report_changes()

    # calls that were given up

    def _pursue(self):
        now = time.monotonic()
        for call, pursuit in list(self._given_up.items()):
            if self._is_over(call, pursuit, now):
                del self._given_up[call]

    def _is_over(self, call, pursuit, now):
        worker = pursuit.worker
        if worker is None:
            return self._find(call, pursuit) or (pursuit.worker is None and self._is_nowhere(call, pursuit, now))
        if worker.call != call and worker.starting != call:
            return True
        if now >= pursuit.start:
            with worker.lock:
                worker.interrupt(call)
        if not pursuit.stuck and now - pursuit.since > STUCK_SECONDS:
            pursuit.stuck = True
            self._server.pool.set_aside(worker)
        return False

    def _is_nowhere(self, call, pursuit, now):
        """Whether a call that was not found has ended. The one that was read last may be about to begin."""
        return now - pursuit.since > (_BEGIN_SECONDS if call == self._server.pool.last else _SEARCH_SECONDS)

    def _find(self, call, pursuit):
        """Stop a call wherever it is; true when nothing remains to be done about it."""
        pool = self._server.pool
        with pool.lock:
            for worker in pool.workers:
                if worker.starting == call or worker.call == call:
                    worker.interrupt(call)
                    pursuit.worker = worker
                    return False
            for loop in pool.loops:
                if loop.cancel(call):
                    # Where a step goes on and on, the loop never comes to cancel the task.
                    pursuit.worker = loop.worker
                    pursuit.start = pursuit.since + _LOOP_SECONDS
                    return False
                if loop.worker.call == call and loop.worker.interrupt(call):
                    pursuit.worker = loop.worker
                    return False
            job = pool.forget_waiting(call)
            if job is not None:
                _, flags, _, data = job
                self._server.post(self._server.answering.skip(flags, call, data))
                return True
            if not pool.read_past(call):
                pool.doomed.add(call)
                # The leader writes down what it read first and looks at `doomed` second.
                if not pool.read_past(call):
                    return True
                pool.doomed.discard(call)
        return False


class _Pursuit:
    __slots__ = ("worker", "since", "start", "stuck")

    def __init__(self):
        self.worker = None
        """The thread that runs the call, once it is found: a call that was just read is nowhere for a moment."""
        self.since = self.start = time.monotonic()
        """``start`` is when the thread is interrupted for the first time."""
        self.stuck = False

"""The thread of a call server that receives cancellations and watches the leading thread of the pool."""

import select
import socket
import time

from ..calls.events import LeaderWatch
from ..calls.threads import start_thread
from ..stopping import interruption
from ..transport.protocol import CANCEL, HEADER, HEADER_BYTES, SHUTDOWN, ProtocolError

TICK_MS = 5
"""A call that keeps the leading thread busy for longer than one to two ticks loses the lead."""

_IDLE_TICKS = 20
_BUSY_TICKS = 200

_STUCK_TICK_MS = 100

STUCK_SECONDS = 1.0
"""A call that runs on for this time after its cancellation counts as one that cannot be stopped."""

_SEARCH_SECONDS = 0.05
_BEGIN_SECONDS = 1.0
_LOOP_SECONDS = 0.05


class ControlThread(LeaderWatch):
    """Sleeps while there is nothing to do: no call runs on the leading thread, and no cancelled call is still running.

    ``events`` is a ``ServerEvents``.
    """

    def __init__(self, events, channel, connection):
        self.watching = False
        """Whether the thread checks the leader at every tick."""
        self._events = events
        self._channel = channel
        self._connection = connection
        self._pool = None
        self._runner = None
        self._closed = False
        self._unread = b""
        self._cancellations = {}
        self._running = None
        """The call of the leading thread at the last tick, and how often it had read frames itself."""
        self._last_read = None
        self._idle_ticks = 0
        self._ticks = 0
        self._wake_receiver, self._wake_sender = socket.socketpair()
        for end in (self._wake_receiver, self._wake_sender):
            end.setblocking(False)

    def start(self, pool, runner):
        self._pool = pool
        self._runner = runner
        self._events.thread_started()
        try:
            start_thread("fidius-control", self._serve)
        except RuntimeError:
            self._events.thread_ended()
            raise

    def close(self):
        """End the thread as soon as no call runs any more. May be called before the start."""
        self._closed = True
        self.wake()

    def watch(self):
        self.watching = True
        self.wake()

    def note_activity(self):
        """Have the state of the process compared soon, because a call has just ended."""
        if not self.watching:
            self.watch()

    def wake(self):
        try:
            self._wake_sender.send(b"\0")
        except OSError:
            pass  # already awake, or ended

    def sockets(self):
        return (self._channel, self._wake_receiver, self._wake_sender)

    def _serve(self):
        try:
            poll = select.poll()
            poll.register(self._channel, select.POLLIN)
            poll.register(self._wake_receiver, select.POLLIN)
            while not self._closed:
                for descriptor, _ in poll.poll(self._timeout()):
                    if descriptor == self._wake_receiver.fileno():
                        self._wake_receiver.recv(4096)
                    else:
                        self._read_frames()
                self._connection.flush()
                self._pool.conversations.flush_stale()
                if self.watching:
                    self._check_leader()
                if self._cancellations:
                    self._follow_up()
        except OSError:
            self._events.stop()
        except BaseException as error:
            self._events.fail_with(error)
        finally:
            self._stop_calls()
            self._events.thread_ended()

    def _stop_calls(self):
        """Interrupt what still runs after the server has stopped, until it ends: an import blocks all other loads."""
        seconds = TICK_MS / 1000
        while self._pool.interrupt_calls():
            interruption.prepare()
            time.sleep(seconds)
            seconds = min(2 * seconds, _STUCK_TICK_MS / 1000)

    def _timeout(self):
        if self.watching or self._pool.conversations.unflushed:
            return TICK_MS
        if not self._cancellations:
            return None
        return TICK_MS if any(not each.stuck for each in self._cancellations.values()) else _STUCK_TICK_MS

    def _read_frames(self):
        data = self._channel.recv(4096)
        if not data:
            self._events.stop()
            return
        self._unread += data
        while len(self._unread) >= HEADER_BYTES:
            size, kind, _, _, call, _ = HEADER.unpack_from(self._unread)
            if size != 0 or kind not in (CANCEL, SHUTDOWN):
                raise ProtocolError("a frame of type %d with %d bytes on the control channel" % (kind, size))
            self._unread = self._unread[HEADER_BYTES:]
            if kind == SHUTDOWN:
                self._events.stop()
            else:
                self._events.report_load_position(call)
                self._pool.conversations.cancel(call)
                self._cancellations[call] = _Cancellation()
                interruption.prepare()

    # the leader

    def _check_leader(self):
        pool = self._pool
        leader = pool.leader
        call = leader.call if leader is not None and self._connection.busy else None
        running = None if call is None else (call, leader.waits)
        if running is not None and running == self._running:
            pool.demote(leader, call)
        self._running = running
        if pool.last_read == self._last_read and call is None:
            self._idle_ticks += 1
            if self._idle_ticks > _IDLE_TICKS:
                self._become_idle()
        else:
            self._idle_ticks = 0
        self._last_read = pool.last_read
        self._ticks += 1
        if self._ticks > _BUSY_TICKS:
            # For servers that are never idle.
            self._ticks = 0
            self._events.report_changes()

    def _become_idle(self):
        self._idle_ticks = 0
        self.watching = False
        # The leader first sets `busy` and then reads `watching`: at least one of the two sees the change of the other.
        if self._connection.busy and self._pool.leader is not None:
            self.watching = True
        else:
            # Not after each call, because the comparison takes longer than most calls.
            self._ticks = 0
            self._events.report_changes()

    # cancelled calls

    def _follow_up(self):
        now = time.monotonic()
        for call, cancellation in list(self._cancellations.items()):
            if self._is_done(call, cancellation, now):
                del self._cancellations[call]

    def _is_done(self, call, cancellation, now):
        worker = cancellation.worker
        if worker is None:
            return self._find(call, cancellation) or (
                cancellation.worker is None and self._is_missing(call, cancellation, now)
            )
        if worker.call != call and worker.starting != call:
            return True
        if now >= cancellation.start:
            with worker.lock:
                worker.interrupt(call)
        if not cancellation.stuck and now - cancellation.since > STUCK_SECONDS:
            cancellation.stuck = True
            self._pool.mark_stuck(worker)
        return False

    def _is_missing(self, call, cancellation, now):
        """Tell whether a call that was not found has ended. The call that was read last may be about to begin."""
        return now - cancellation.since > (_BEGIN_SECONDS if call == self._pool.last_read else _SEARCH_SECONDS)

    def _find(self, call, cancellation):
        """Find a call and stop it. Returns true if nothing remains to be done."""
        pool = self._pool
        with pool.lock:
            for worker in pool.workers:
                if worker.starting == call or worker.call == call:
                    worker.interrupt(call)
                    cancellation.worker = worker
                    return False
            for loop in pool.loops.threads:
                if loop.cancel(call):
                    # If a step of a coroutine does not end, the loop never gets to cancel the task.
                    cancellation.worker = loop.worker
                    cancellation.start = cancellation.since + _LOOP_SECONDS
                    return False
                if loop.worker.call == call and loop.worker.interrupt(call):
                    cancellation.worker = loop.worker
                    return False
            job = pool.remove_waiting(call)
            if job is not None:
                _, flags, _, data = job
                self._events.post(self._runner.skip(flags, call, data))
                return True
            if not pool.was_read(call):
                pool.cancelled_early.add(call)
                # The leader first records which call it has read and then reads `cancelled_early`.
                if not pool.was_read(call):
                    return True
                pool.cancelled_early.discard(call)
        return False


class _Cancellation:
    __slots__ = ("worker", "since", "start", "stuck")

    def __init__(self):
        self.worker = None
        """The thread that runs the call, once it is found: a call that was just read belongs to no thread for a moment.
        """
        self.since = self.start = time.monotonic()
        """``start`` is the time of the first interruption."""
        self.stuck = False

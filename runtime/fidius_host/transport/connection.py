"""The data channel of the call server: the buffer of received frames, and sending."""

import os
import threading
from collections import deque
from socket import MSG_DONTWAIT
from time import perf_counter

from .. import codec
from .protocol import HEADER, HEADER_BYTES, MAX_PAYLOAD_BYTES, OUTPUT, ProtocolError, frame

_BUFFER_BYTES = 1 << 17

_SPIN_SECONDS = 0.0002
"""If the last wait was shorter than this, the next wait polls for this time before it sleeps.

To sleep and wake up takes longer than most calls: see docs/decisions/awake-between-calls.md.
"""

_yield_processor = getattr(os, "sched_yield", lambda: None)


class Connection:
    """A stream socket that one thread at a time reads from and any thread may write to.

    ``view`` holds the received bytes; the frames from ``at`` to ``end`` were not read yet. The reader stores ``at``
    before it runs a call, because another thread may have to read on from there.
    """

    __slots__ = ("view", "at", "end", "busy", "lines", "_socket", "_receive", "_spins", "_sending", "_posted", "_ended")

    def __init__(self, socket):
        self._socket = socket
        self._receive = socket.recv_into
        self._spins = False
        """Whether the next wait polls first."""
        self._sending = threading.RLock()
        self._posted = deque()
        self._ended = False
        self.lines = None
        """``captured_output.Lines`` of the host's plugins, if the host wants them."""
        self.view = memoryview(bytearray(_BUFFER_BYTES))
        self.at = 0
        self.end = 0
        self.busy = False
        """Whether the reader has frames to process and is not waiting for the next one."""

    def receive(self, incomplete):
        """Wait for more bytes, and return false at the end of the connection.

        ``incomplete``: the bytes from ``at`` to ``end`` are the beginning of a frame and must be kept.
        """
        if incomplete:
            self._make_room()
        else:
            self.at = self.end = 0
        self.busy = False
        count = self._wait()
        self.busy = True
        self.end += count
        return count > 0

    def _wait(self):
        """Read the next bytes to the position ``end``, and return their number."""
        room = self.view[self.end :]
        started = perf_counter()
        if self._spins:
            deadline = started + _SPIN_SECONDS
            while perf_counter() < deadline:
                try:
                    return self._receive(room, 0, MSG_DONTWAIT)
                except BlockingIOError:
                    _yield_processor()  # the host may need this processor
        count = self._receive(room)
        self._spins = perf_counter() - started < _SPIN_SECONDS
        return count

    def _make_room(self):
        """Move the incomplete frame to the start of the buffer, or into a larger buffer if it does not fit."""
        held = self.end - self.at
        size = int.from_bytes(self.view[self.at : self.at + 4], "little") if held >= 4 else 0
        if size > MAX_PAYLOAD_BYTES:
            raise ProtocolError("a frame of %d bytes" % size)
        view = self.view
        needed = HEADER_BYTES + size
        if self.at == 0 and needed <= len(view) and held < len(view):
            return  # nothing is copied for each part of a large frame
        if needed > len(view):
            view = memoryview(bytearray(needed))
        view[:held] = bytes(self.view[self.at : self.end])
        self.view = view
        self.at = 0
        self.end = held

    def replace_buffer(self):
        """Continue with a new buffer that holds the unread bytes. A running call may still read from the old one."""
        rest = self.end - self.at
        view = memoryview(bytearray(max(_BUFFER_BYTES, rest)))
        view[:rest] = self.view[self.at : self.end]
        self.view = view
        self.at = 0
        self.end = rest

    def unread_frames(self):
        """Yield the received and unread frames as type, flags and payload. After ``shut_down``, by the last thread."""
        self._socket.setblocking(False)
        try:
            while True:
                while self.end - self.at >= HEADER_BYTES:
                    size, kind, flags, _, _, _ = HEADER.unpack_from(self.view, self.at)
                    start = self.at + HEADER_BYTES
                    if start + size > self.end:
                        break
                    self.at = start + size
                    yield kind, flags, self.view[start : self.at]
                if not self.receive(self.end > self.at):
                    return
        except (OSError, ProtocolError):
            pass  # nothing more can be read

    def post(self, frame):
        """Add a frame that is sent before the next answer. Never waits; another thread must call ``flush`` soon."""
        self._posted.append(frame)

    def flush(self):
        """Send posted frames and captured output."""
        if self._posted or self.lines:
            self.send([])

    def try_flush(self):
        """Send as ``flush`` does, unless this thread is sending already, in code that it has interrupted.

        Returns whether nothing remains to be sent.
        """
        if self._sending._is_owned():
            return False
        try:
            self.flush()
        except OSError:
            pass  # the connection has ended
        return True

    def send(self, frames):
        """Send frames without interruption by others, after posted frames. Blocks while the host does not read."""
        data = frames[0] if len(frames) == 1 else b"".join(frames)
        with self._sending:
            lines = self.lines.take() if self.lines and not self._ended else None
            if self._posted or lines:
                data = self._take_posted(lines) + data
            if not data:
                return
            try:
                self._socket.sendall(data)
            except OSError:
                if lines:
                    self.lines.put_back(lines)
                raise

    def _take_posted(self, lines):
        frames = []
        while self._posted:
            frames.append(self._posted.popleft())
        if lines:
            frames.append(frame(OUTPUT, 0, codec.encode(lines)))
        return b"".join(frames)

    def shut_down(self):
        """End the connection for both sides. A reader that waits returns."""
        self._ended = True
        try:
            self._socket.shutdown(2)
        except OSError:
            pass

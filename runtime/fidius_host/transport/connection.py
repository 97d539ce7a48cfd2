"""The data channel of the call server: a buffer of frames that were read, and sending."""

import os
import threading
from collections import deque
from socket import MSG_DONTWAIT
from time import perf_counter

from .. import codec
from .protocol import HEADER, HEADER_BYTES, MAX_PAYLOAD_BYTES, OUTPUT, ProtocolError, frame

_BUFFER_BYTES = 1 << 17

_BRIEF_SECONDS = 0.0002
"""A reader that waited no longer than this the last time stays awake for so long the next time.

Being put to sleep and woken takes longer than most calls: see docs/decisions/awake-between-calls.md.
"""

_give_way = getattr(os, "sched_yield", lambda: None)


class Connection:
    """A stream socket that one thread at a time reads from and any thread may write to.

    ``view`` holds what was read, and the frames from ``at`` to ``end`` were not looked at yet. The reader writes ``at``
    back before it runs a call: another thread may have to read on from there.
    """

    __slots__ = ("view", "at", "end", "busy", "lines", "_socket", "_receive", "_brisk", "_sending", "_posted", "_ended")

    def __init__(self, socket):
        self._socket = socket
        self._receive = socket.recv_into
        self._brisk = False
        """Whether the last wait was brief."""
        self._sending = threading.Lock()
        self._posted = deque()
        self._ended = False
        self.lines = None
        """``output.Lines`` of the host's plugins, if it wants them."""
        self.view = memoryview(bytearray(_BUFFER_BYTES))
        self.at = 0
        self.end = 0
        self.busy = False
        """Whether the reader has frames to work on, in contrast to waiting for some."""

    def receive(self, missing):
        """Wait for more to read; false at the end of the connection. ``missing``: what is there is part of a frame."""
        if missing:
            self._make_room()
        else:
            self.at = self.end = 0
        self.busy = False
        count = self._wait()
        self.busy = True
        self.end += count
        return count > 0

    def _wait(self):
        """Read what comes next, behind ``end``; how many bytes it was."""
        room = self.view[self.end :]
        started = perf_counter()
        if self._brisk:
            give_up = started + _BRIEF_SECONDS
            while perf_counter() < give_up:
                try:
                    return self._receive(room, 0, MSG_DONTWAIT)
                except BlockingIOError:
                    _give_way()  # the host may have no other processor to run on
        count = self._receive(room)
        self._brisk = perf_counter() - started < _BRIEF_SECONDS
        return count

    def _make_room(self):
        """Move the incomplete frame to the front, into a larger buffer if it does not fit."""
        held = self.end - self.at
        size = int.from_bytes(self.view[self.at : self.at + 4], "little") if held >= 4 else 0
        if size > MAX_PAYLOAD_BYTES:
            raise ProtocolError("a frame of %d bytes" % size)
        view = self.view
        if HEADER_BYTES + size > len(view):
            view = memoryview(bytearray(HEADER_BYTES + size))
        view[:held] = bytes(self.view[self.at : self.end])
        self.view = view
        self.at = 0
        self.end = held

    def renew(self):
        """Leave the buffer to whoever still looks into it, and go on with the unread rest in another one."""
        rest = self.end - self.at
        view = memoryview(bytearray(max(_BUFFER_BYTES, rest)))
        view[:rest] = self.view[self.at : self.end]
        self.view = view
        self.at = 0
        self.end = rest

    def rest(self):
        """The frames that arrived and were not read, as type, flags and payload. After ``shut_down``, by the last thread."""
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
            pass  # what comes behind that is not to be had

    def post(self, frame):
        """Have a frame sent before the next answer. Never waits; somebody has to call ``flush`` soon."""
        self._posted.append(frame)

    def flush(self):
        """Send what was posted, and the lines that plugins wrote."""
        if self._posted or self.lines:
            self.send([])

    def send(self, frames):
        """Send frames in one piece, after what was posted. Waits while the other side does not read."""
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
        """End the connection for both sides; a reader that waits comes back."""
        self._ended = True
        try:
            self._socket.shutdown(2)
        except OSError:
            pass

    def close(self):
        self._socket.close()

    def fileno(self):
        return self._socket.fileno()

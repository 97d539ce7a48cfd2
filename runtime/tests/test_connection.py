import socket
import threading
import time
import tracemalloc
import unittest

from fidius_host.transport.connection import Connection
from fidius_host.transport.protocol import CALL, frame


class Recording(socket.socket):
    """A socket that records how it was read."""

    def __init__(self, other):
        super().__init__(fileno=other.detach())
        self.reads = []

    def recv_into(self, buffer, size=0, flags=0):
        self.reads.append("poll" if flags & socket.MSG_DONTWAIT else "wait")
        return super().recv_into(buffer, size, flags)


class ConnectionTest(unittest.TestCase):
    def setUp(self):
        here, self.host = socket.socketpair()
        self.addCleanup(self.host.close)
        self.socket = Recording(here)
        self.addCleanup(self.socket.close)
        self.connection = Connection(self.socket)

    def receive(self, after=0.0):
        """Return how the reader read when the next bytes arrived after that many seconds."""
        self.socket.reads.clear()
        if after:
            threading.Timer(after, self.host.sendall, (b"1",)).start()
        else:
            self.host.sendall(b"1")
        self.assertTrue(self.connection.receive(False))
        return self.socket.reads

    def receive_soon(self):
        """Read bytes that have arrived, repeatedly because another process may have had the processor; whether it
        polled.
        """
        for _ in range(1000):
            if self.receive() == ["poll"]:
                return True
        return False

    def test_copies_no_part_of_a_large_frame_again(self):
        size = 4 << 20
        part = 1 << 16
        data = frame(CALL, 1, bytes(size))
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        copied = 0
        for start in range(0, len(data), part):
            self.host.sendall(data[start : start + part])
            held = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            self.assertTrue(self.connection.receive(start > 0))
            copied += max(0, tracemalloc.get_traced_memory()[1] - held)
        self.assertEqual(bytes(self.connection.view[: self.connection.end]), data)
        # The buffer that takes the whole frame, and little else.
        self.assertLess(copied, 2 * size)

    def test_sleeps_first(self):
        self.assertEqual(self.receive(), ["wait"])

    def test_polls_when_the_last_wait_was_short(self):
        self.assertTrue(self.receive_soon())

    def test_sleeps_after_polling_without_success_and_polls_again_after_a_short_wait(self):
        self.assertTrue(self.receive_soon())

        reads = self.receive(after=0.05)
        self.assertEqual(set(reads[:-1]), {"poll"})
        self.assertEqual(reads[-1], "wait")

        self.assertEqual(self.receive(after=0.05), ["wait"])
        self.assertTrue(self.receive_soon())

    def test_polls_for_a_limited_time(self):
        self.assertTrue(self.receive_soon())
        before = time.thread_time()

        self.receive(after=0.5)

        self.assertLess(time.thread_time() - before, 0.1)

    def test_notices_the_end_while_it_polls(self):
        self.assertTrue(self.receive_soon())
        self.host.close()
        self.assertFalse(self.connection.receive(False))


class ReplaceBufferTest(unittest.TestCase):
    def setUp(self):
        here, self.host = socket.socketpair()
        self.addCleanup(here.close)
        self.addCleanup(self.host.close)
        self.connection = Connection(here)

    def test_keeps_the_old_buffer_unchanged_and_continues_with_the_unread_bytes(self):
        connection = self.connection
        first, second = frame(CALL, 1, b"first"), frame(CALL, 2, b"second")
        self.host.sendall(first + second[:18])
        self.assertTrue(connection.receive(False))
        connection.at = len(first)
        old = connection.view

        connection.replace_buffer()
        self.host.sendall(second[18:])
        self.assertTrue(connection.receive(True))

        self.assertIsNot(connection.view, old)
        self.assertEqual(bytes(connection.view[connection.at : connection.end]), second)
        self.assertEqual(bytes(old[: connection.end + len(first)]), first + second[:18] + bytes(4))

    def test_has_room_for_more_than_the_default_size(self):
        connection = self.connection
        size = 300_000
        rest = (size).to_bytes(4, "little") + bytes(12) + b"x" * size
        threading.Thread(target=self.host.sendall, args=(rest,)).start()
        while connection.end < len(rest):
            self.assertTrue(connection.receive(True))

        connection.replace_buffer()

        self.assertEqual(bytes(connection.view[connection.at : connection.end]), rest)


class UnreadFramesTest(unittest.TestCase):
    def test_are_those_of_the_buffer_and_of_the_socket(self):
        here, host = socket.socketpair()
        self.addCleanup(here.close)
        self.addCleanup(host.close)
        connection = Connection(here)
        frames = [frame(CALL, call, b"x" * call, call & 1) for call in range(1, 501)]
        host.sendall(b"".join(frames) + frames[0][:10])
        self.assertTrue(connection.receive(False))
        connection.at = len(frames[0])
        connection.shut_down()

        rest = [(kind, flags, bytes(data)) for kind, flags, data in connection.unread_frames()]

        self.assertEqual(rest, [(CALL, call & 1, b"x" * call) for call in range(2, 501)])


if __name__ == "__main__":
    unittest.main()

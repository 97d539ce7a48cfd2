import socket
import threading
import time
import unittest

from fidius_host.connection import Connection


class Recording(socket.socket):
    """A socket that notes how it was read from."""

    def __init__(self, other):
        super().__init__(fileno=other.detach())
        self.reads = []

    def recv_into(self, buffer, size=0, flags=0):
        self.reads.append("look" if flags & socket.MSG_DONTWAIT else "wait")
        return super().recv_into(buffer, size, flags)


class ConnectionTest(unittest.TestCase):
    def setUp(self):
        here, self.host = socket.socketpair()
        self.addCleanup(self.host.close)
        self.socket = Recording(here)
        self.addCleanup(self.socket.close)
        self.connection = Connection(self.socket)

    def receive(self, after=0.0):
        """How the reader read when the next bytes came after that many seconds."""
        self.socket.reads.clear()
        if after:
            threading.Timer(after, self.host.sendall, (b"1",)).start()
        else:
            self.host.sendall(b"1")
        self.assertTrue(self.connection.receive(False))
        return self.socket.reads

    def receive_soon(self):
        """The same for bytes that are there already, again in case that something else had the processor meanwhile."""
        for _ in range(1000):
            if self.receive() == ["look"]:
                return True
        return False

    def test_sleeps_first(self):
        self.assertEqual(self.receive(), ["wait"])

    def test_looks_when_the_last_wait_was_brief(self):
        self.assertTrue(self.receive_soon())

    def test_sleeps_when_it_looked_in_vain_and_looks_again_after_a_brief_wait(self):
        self.assertTrue(self.receive_soon())

        reads = self.receive(after=0.05)
        self.assertEqual(set(reads[:-1]), {"look"})
        self.assertEqual(reads[-1], "wait")

        self.assertEqual(self.receive(after=0.05), ["wait"])
        self.assertTrue(self.receive_soon())

    def test_looks_for_a_moment_only(self):
        self.assertTrue(self.receive_soon())
        before = time.thread_time()

        self.receive(after=0.5)

        self.assertLess(time.thread_time() - before, 0.1)

    def test_sees_the_end_while_it_looks(self):
        self.assertTrue(self.receive_soon())
        self.host.close()
        self.assertFalse(self.connection.receive(False))


if __name__ == "__main__":
    unittest.main()

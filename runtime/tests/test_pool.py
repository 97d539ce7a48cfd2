import socket
import threading
import unittest
from unittest import mock

from eventually import eventually
from fidius_host import codec
from fidius_host.calls import pool as pools
from fidius_host.calls import threads
from fidius_host.calls.call_runner import CallRunner
from fidius_host.calls.events import LeaderWatch, ServerEvents
from fidius_host.calls.plugin_loops import PluginLoops
from fidius_host.calls.pool import Pool
from fidius_host.calls.served_plugin import ServedPlugin
from fidius_host.transport import protocol
from fidius_host.transport.connection import Connection
from fidius_host.transport.protocol import CALL, HEADER, HEADER_BYTES, frame
from fidius_host.transport.separate_memory import SeparateMemory


class RecordedEvents(ServerEvents):
    """Records what a pool reports."""

    def __init__(self):
        self.threads = 0
        self.reported = []
        self.frames = []
        self._lock = threading.Lock()

    def thread_started(self):
        with self._lock:
            self.threads += 1

    def thread_ended(self):
        with self._lock:
            self.threads -= 1

    def stop(self):
        self.reported.append("stop")

    def fail(self, reason):
        self.reported.append(reason)

    def fail_with(self, error):
        self.reported.append(error)

    def post(self, frame):
        self.frames.append(frame)


class NoWatch(LeaderWatch):
    def watch(self):
        self.watching = True


class PoolTest(unittest.TestCase):
    """A pool that has neither a server nor a control thread, only the interfaces."""

    def setUp(self):
        here, self.host = socket.socketpair()
        self.host.settimeout(10)
        self.addCleanup(here.close)
        self.addCleanup(self.host.close)
        connection = Connection(here)
        payloads = SeparateMemory()
        loops = PluginLoops(threading.RLock(), connection)
        runner = loops.runner = CallRunner(payloads, loops.adopt)
        self.events = RecordedEvents()
        self.pool = Pool(self.events, connection, runner, loops, payloads, NoWatch(), 2, 0)
        self.addCleanup(lambda: eventually(lambda: self.events.threads == 0, "all threads have ended"))
        self.addCleanup(self.pool.close)
        self.addCleanup(self.shut_down, here)

    @staticmethod
    def shut_down(channel):
        try:
            channel.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the test has closed the other end

    def test_answers_calls_and_reports_its_threads(self):
        self.pool.plugins[9] = ServedPlugin(9, "probe", [len], [0], limit=1)
        self.pool.start()

        data = codec.encode(("four",))
        self.host.sendall(HEADER.pack(len(data), CALL, 0, 0, 1, 9) + data)

        header = HEADER.unpack(self.host.recv(HEADER_BYTES, socket.MSG_WAITALL))
        self.assertEqual((header[1], header[4]), (protocol.RETURNED, 1))
        self.assertEqual(codec.decode(self.host.recv(header[0], socket.MSG_WAITALL)), 4)
        self.assertEqual(self.events.threads, 1)
        self.assertEqual(self.events.frames[0][4], protocol.POOL)

    def test_reports_the_end_of_the_connection(self):
        self.pool.start()

        self.host.close()

        eventually(lambda: "stop" in self.events.reported, "the end was reported")
        self.pool.close()

    def test_reports_an_invalid_frame(self):
        self.pool.start()

        self.host.sendall(frame(200, 0))

        eventually(lambda: self.events.reported, "the frame was reported")
        self.assertIsInstance(self.events.reported[0], protocol.ProtocolError)

    def test_reports_that_no_thread_can_be_started(self):
        with mock.patch.object(pools, "start_thread", side_effect=RuntimeError("no more threads")):
            self.pool.start()

        self.assertEqual(self.events.reported, ["cannot start a thread: no more threads"])
        self.assertEqual(self.events.threads, 0)


class ThreadsTest(unittest.TestCase):
    def test_are_found_whatever_their_name(self):
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        before = set(threads.other_threads())

        threads.start_thread("renamed", go_on.wait, 10)
        foreign = threading.Thread(target=go_on.wait, args=(10,), name="fidius-foreign", daemon=True)
        foreign.start()
        found = [thread for thread in threads.other_threads() if thread not in before]

        self.assertEqual([thread.name for thread in found], ["renamed"])
        go_on.set()
        found[0].join(10)
        foreign.join(10)
        self.assertNotIn(found[0], threads.other_threads())


if __name__ == "__main__":
    unittest.main()

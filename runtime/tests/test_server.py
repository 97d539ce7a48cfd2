import socket
import threading
import time
import unittest

from eventually import eventually
from fidius_host import codec
from fidius_host.transport import protocol
from fidius_host.transport.protocol import HEADER, HEADER_BYTES, frame
from fidius_host.server.call_server import Server
from fidius_host.calls.served_plugin import SLOW, ServedPlugin

SETTINGS = {"threads": 3, "spareThreads": 1, "referenceBytes": None, "captureOutput": False}


class Host:
    """The other end of a server in this process."""

    def __init__(self, **settings):
        self.data, data = socket.socketpair()
        self.control, control = socket.socketpair()
        self.data.settimeout(10)
        self.server = Server(data, control)
        self.server.start()
        greeting = codec.encode(dict(SETTINGS, **settings))
        self.data.sendall(HEADER.pack(len(greeting), protocol.HANDSHAKE, 0, protocol.VERSION, 0, 0) + greeting)
        self.welcome = self.receive()

    def add(self, *functions, limit=2, special=None):
        plugin = ServedPlugin(9, "probe", list(functions), special or [0] * len(functions), limit)
        self.server.pool.plugins[9] = plugin
        return plugin

    def call(self, call, method, *arguments):
        data = codec.encode(arguments)
        self.data.sendall(HEADER.pack(len(data), protocol.CALL, 0, method, call, 9) + data)

    def cancel(self, call):
        self.control.sendall(frame(protocol.CANCEL, call))

    def receive(self):
        """Return the next frame as type, call and value, without reports on the pool and the process."""
        while True:
            head = self.read(HEADER_BYTES)
            size, kind, _, _, call, _ = HEADER.unpack(head)
            payload = self.read(size)
            if kind not in (protocol.POOL, protocol.PROCESS_CHANGE):
                return kind, call, codec.decode(payload) if payload else None

    def read(self, size):
        data = b""
        while len(data) < size:
            piece = self.data.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def close(self):
        self.control.sendall(frame(protocol.SHUTDOWN, 0))
        self.server.wait()
        self.data.close()
        self.control.close()


class ServerTest(unittest.TestCase):
    def open(self, **settings):
        host = Host(**settings)
        self.addCleanup(host.close)
        return host

    def test_sends_its_facts_first(self):
        kind, call, facts = self.open().welcome

        self.assertEqual((kind, call), (protocol.READY, 0))
        self.assertEqual(facts["version"], protocol.VERSION)

    def test_answers_short_calls_in_their_order_on_the_thread_that_reads(self):
        host = self.open()
        host.add(lambda value: [value, threading.current_thread().name])

        for call in range(1, 101):
            host.call(call, 0, call)
        answers = [host.receive() for _ in range(100)]

        self.assertEqual([call for _, call, _ in answers], list(range(1, 101)))
        self.assertEqual(len({name for _, _, (_, name) in answers}), 1)

    def test_lets_another_thread_read_while_a_call_takes_long(self):
        host = self.open()
        go_on = threading.Event()
        host.add(lambda: go_on.wait(10), lambda: "short")

        host.call(1, 0)
        host.call(2, 1)
        first = host.receive()
        go_on.set()
        second = host.receive()

        self.assertEqual([first, second], [(protocol.RETURNED, 2, "short"), (protocol.RETURNED, 1, True)])

    def test_keeps_the_buffer_of_a_long_call_that_may_still_read_its_arguments(self):
        host = self.open()
        go_on = threading.Event()
        host.add(lambda text: (go_on.wait(10), text)[1], lambda text: text)
        connection = host.server._connection
        old = connection.view

        host.call(1, 0, "first")
        eventually(lambda: connection.view is not old, "another buffer was taken")
        before = bytes(old)
        for call in range(2, 100):
            host.call(call, 1, "other " * 100)
            self.assertEqual(host.receive()[:2], (protocol.RETURNED, call))
        after = bytes(old)
        go_on.set()

        self.assertEqual(after, before)
        self.assertEqual(host.receive(), (protocol.RETURNED, 1, "first"))

    def test_skips_waiting_calls_when_their_plugin_is_unloaded(self):
        host = self.open()
        go_on = threading.Event()
        ran = []
        plugin = host.add(lambda number: (ran.append(number), go_on.wait(10))[0], limit=1)
        host.call(1, 0, 1)
        eventually(lambda: plugin.full, "call 1 was detached")
        for call in (2, 3):
            host.call(call, 0, call)
        eventually(lambda: len(plugin.waiting) == 2, "calls 2 and 3 waited")

        data = codec.encode((9, []))
        host.data.sendall(HEADER.pack(len(data), protocol.CALL, 0, Server.OWN_METHODS.index("unload"), 4, 0) + data)
        answers = [host.receive()[:2] for _ in range(3)]
        go_on.set()

        self.assertEqual(sorted(answers), [(protocol.RETURNED, 4), (protocol.SKIPPED, 2), (protocol.SKIPPED, 3)])
        self.assertEqual(host.receive()[:2], (protocol.RETURNED, 1))
        self.assertEqual(ran, [1])

    def test_records_which_methods_are_slow_until_they_are_quick_again(self):
        host = self.open()
        pause = [0.05]
        plugin = host.add(lambda: time.sleep(pause[0]) if pause else None)
        calls = iter(range(1, 1 << 31))

        def call_again():
            host.call(next(calls), 0)
            host.receive()
            return not plugin.special[0]

        call_again()
        self.assertTrue(plugin.special[0])
        pause.clear()

        # A busy machine makes any call slow now and then.
        eventually(call_again, "the method counted as quick")

    def test_needs_nine_consecutive_quick_calls_until_a_method_is_not_slow_any_more(self):
        plugin = ServedPlugin(9, "probe", [len], [SLOW], limit=1)
        slow = []

        for seconds in [0.0005] * 8 + [0.002] + [0.0005] * 9:
            plugin.record_duration(0, seconds)
            slow.append(bool(plugin.special[0]))

        self.assertEqual(slow, [True] * 17 + [False])

    def test_skips_a_call_that_was_cancelled_before_it_was_read(self):
        host = self.open()
        host.add(lambda: "ran")
        host.cancel(5)
        eventually(lambda: 5 in host.server.pool.cancelled_early, "call 5 was cancelled")

        for call in (4, 5, 6):
            host.call(call, 0)

        answers = [host.receive()[:2] for _ in range(3)]
        self.assertEqual(
            answers, [(protocol.RETURNED, 4), (protocol.SKIPPED, 5), (protocol.RETURNED, 6)]
        )
        self.assertEqual(host.server.pool.cancelled_early, set())

    def test_skips_a_call_that_was_cancelled_while_it_waited(self):
        host = self.open()
        go_on = threading.Event()
        plugin = host.add(lambda: go_on.wait(10), limit=1)
        host.call(1, 0)
        eventually(lambda: plugin.full, "call 1 was detached")
        host.call(2, 0)
        eventually(lambda: plugin.waiting, "call 2 waited")

        host.cancel(2)
        skipped = host.receive()[:2]
        go_on.set()

        self.assertEqual(skipped, (protocol.SKIPPED, 2))
        self.assertEqual(host.receive()[:2], (protocol.RETURNED, 1))

    def test_ignores_the_cancellation_of_a_call_that_has_ended_or_never_began(self):
        host = self.open()
        host.add(lambda: "ran")
        host.call(1, 0)
        self.assertEqual(host.receive()[0], protocol.RETURNED)

        host.cancel(1)
        time.sleep(0.1)
        host.call(2, 0)

        self.assertEqual(host.receive(), (protocol.RETURNED, 2, "ran"))

    def test_continues_when_the_numbers_of_calls_start_again(self):
        host = self.open()
        host.add(lambda: "ran")

        for call in (0xFFFFFFFE, 0xFFFFFFFF, 1, 2):
            host.call(call, 0)
            self.assertEqual(host.receive()[:2], (protocol.RETURNED, call))
        host.cancel(3)
        eventually(lambda: 3 in host.server.pool.cancelled_early, "call 3 was cancelled")
        host.call(3, 0)

        self.assertEqual(host.receive()[:2], (protocol.SKIPPED, 3))

    def test_accepts_a_frame_in_pieces(self):
        host = self.open()
        host.add(len)
        data = codec.encode(("x" * 200000,))
        whole = HEADER.pack(len(data), protocol.CALL, 0, 0, 1, 9) + data

        for start in range(0, len(whole), 7001):
            host.data.sendall(whole[start : start + 7001])

        self.assertEqual(host.receive(), (protocol.RETURNED, 1, 200000))

    def test_ends_all_its_threads(self):
        host = Host()
        host.add(time.sleep)
        for call in range(1, 5):
            host.call(call, 0, 0.05)
        time.sleep(0.02)

        host.close()

        names = [thread.name for thread in threading.enumerate()]
        self.assertEqual([name for name in names if name.startswith("fidius-")], [])


if __name__ == "__main__":
    unittest.main()

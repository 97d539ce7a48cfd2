import random
import sys
import threading
import time
import unittest
from unittest import mock

from eventually import eventually
from fidius_host import codec
from fidius_host.imports import packages
from fidius_host.stopping import interruption
from fidius_host.calls.call_runner import CallRunner
from fidius_host.stopping.interruption import FidiusCancelled
from fidius_host.transport.protocol import HEADER, RAISED, RETURNED, STOPPED
from fidius_host.transport.separate_memory import SeparateMemory
from fidius_host.calls.served_plugin import ServedPlugin
from fidius_host.calls.worker import Worker


def short(value):
    total = 0
    for number in range(20):
        total += number
    return value


begun = []


def endless():
    begun.append(True)
    while True:
        time.sleep(0.001)


def stubborn():
    try:
        endless()
    except FidiusCancelled:
        return "went on"


def raising_on_the_way_out():
    try:
        endless()
    finally:
        raise ValueError("could not clean up")


PLUGIN = ServedPlugin(1, "probe", [short, endless, stubborn, raising_on_the_way_out], [0] * 4, limit=7)


class Running:
    """A thread that runs calls, and what other threads do with it."""

    def __init__(self):
        self.worker = Worker(threading.RLock(), "probe")
        self.runner = CallRunner(SeparateMemory(), None)
        self.answers = {}
        self.escaped = []

    def run(self, calls):
        def work():
            self.worker.adopt_thread()
            for call, method, arguments in calls:
                try:
                    answer = self.runner.run(self.worker, PLUGIN, method, 0, call, codec.encode(arguments))
                    self.answers[call] = HEADER.unpack_from(answer)[1]
                except BaseException as error:
                    self.escaped.append(error)

        self.thread = threading.Thread(target=work)
        self.thread.start()

    def interrupt(self, call):
        with self.worker.lock:
            return self.worker.interrupt(call)


def setUpModule():
    patch = mock.patch.object(packages, "is_packaged", lambda file: file == __file__)
    patch.start()
    unittest.addModuleCleanup(patch.stop)


@unittest.skipUnless(interruption.available, "this Python has no way to watch another thread")
class InterruptTest(unittest.TestCase):
    def answer_of(self, method):
        running = Running()
        begun.clear()
        running.run([(7, method, ())])
        eventually(lambda: begun, "the call began")
        while running.interrupt(7):
            running.thread.join(0.01)
        running.thread.join(10)
        self.assertEqual(running.escaped, [])
        return running.answers[7]

    def test_stops_a_call_that_does_not_end(self):
        self.assertEqual(self.answer_of(1), STOPPED)

    def test_lets_a_call_return_that_catches_it(self):
        self.assertEqual(self.answer_of(2), RETURNED)

    def test_counts_a_call_as_stopped_that_fails_to_clean_up(self):
        self.assertEqual(self.answer_of(3), STOPPED)

    def test_does_nothing_to_a_call_that_has_ended(self):
        running = Running()
        running.run([(7, 0, (1,))])
        running.thread.join(10)

        self.assertFalse(running.interrupt(7))

    def test_restores_the_trace_function_of_the_thread(self):
        seen = []

        def trace(frame, event, argument):
            return None

        def traced():
            sys.settrace(trace)
            endless()

        running = Running()
        begun.clear()
        plugin = ServedPlugin(1, "probe", [traced], [0], limit=1)

        def work():
            running.worker.adopt_thread()
            running.runner.run(running.worker, plugin, 0, 0, 7, codec.encode(()))
            seen.append(sys.gettrace())
            sys.settrace(None)

        thread = threading.Thread(target=work)
        thread.start()
        eventually(lambda: begun, "the call began")
        while running.interrupt(7):
            thread.join(0.01)
        thread.join(10)

        self.assertEqual(seen, [trace])

    def test_stops_only_the_call_it_is_meant_for(self):
        # Short calls in sequence, interrupted at random times: each has exactly one answer, calls that were not to be
        # interrupted return, and nothing is raised outside of a call.
        running = Running()
        calls = [(number, 0, (number,)) for number in range(1, 20001)]
        wanted = set()
        running.run(calls)
        while running.thread.is_alive():
            call = running.worker.call
            if call is not None and random.random() < 0.5:
                wanted.add(call)
                running.interrupt(call)

        self.assertEqual(running.escaped, [])
        self.assertEqual(len(running.answers), len(calls))
        wrong = [call for call, kind in running.answers.items() if kind != RETURNED and call not in wanted]
        self.assertEqual(wrong, [])
        self.assertTrue(set(running.answers.values()) <= {RETURNED, STOPPED})

    def test_is_an_ordinary_error_when_a_plugin_raises_it_itself(self):
        running = Running()

        def pretend():
            raise FidiusCancelled

        plugin = ServedPlugin(1, "probe", [pretend], [0], limit=1)
        running.worker.adopt_thread()
        answer = running.runner.run(running.worker, plugin, 0, 0, 1, codec.encode(()))

        self.assertEqual(HEADER.unpack_from(answer)[1], RAISED)


if __name__ == "__main__":
    unittest.main()

import sys
import threading
import unittest
from unittest import mock

from fidius_host import interrupt, loading, stoppable
from fidius_host.interrupt import FidiusCancelled, Interruption


def setUpModule():
    patch = mock.patch.object(loading, "is_packaged", lambda file: file == __file__)
    patch.start()
    unittest.addModuleCleanup(patch.stop)
    interrupt.prepare()


class Recorder:
    """A lock that knows whether it is taken, and in which order things were done."""

    def __init__(self, look):
        self.look = look
        """To be called first by each function that is to be stopped: functions are not watched before they run."""
        self.taken = 0
        self.most = 0

    def acquire(self):
        self.taken += 1
        self.most = max(self.most, self.taken)

    def release(self):
        self.taken -= 1

    def __enter__(self):
        self.acquire()
        return self

    def __exit__(self, *error):
        self.release()


def blocks(lock):
    lock.look()
    for number in range(3):
        with lock:
            number += 1


def nested_blocks(lock):
    lock.look()
    number = 0
    while number < 3:
        with lock:
            with lock as again:
                number += again.taken


def explicitly(lock):
    lock.look()
    for number in range(3):
        lock.acquire()
        try:
            number += 1
            if number > 1:
                continue
        finally:
            lock.release()


def handled(lock):
    lock.look()
    for number in range(3):
        try:
            with lock:
                try:
                    raise ValueError(number)
                except ValueError:
                    number += 1
        finally:
            number += 1


def returning(lock):
    lock.look()
    lock.acquire()
    try:
        for number in range(3):
            if number:
                return number
    finally:
        lock.release()


def generating(lock):
    lock.look()

    def numbers():
        lock.look()
        with lock:
            for number in range(3):
                yield number

    return sum(number for number in numbers())


FUNCTIONS = [blocks, nested_blocks, explicitly, handled, returning, generating]


class RaiseAt(Interruption):
    """Raises at one of the safe places that a function comes by, the first, the second and so on."""

    def __init__(self, count):
        super().__init__(threading.get_ident(), interrupt.this_thread(), lambda: True)
        self._left = count

    def raise_here(self):
        if self._left > 0:
            self._left -= 1
        else:
            super().raise_here()


def is_stopped(interruption, function, *arguments):
    try:
        function(*arguments)
        return False
    except FidiusCancelled:
        return True
    finally:
        interruption.end()


@unittest.skipUnless(interrupt.available, "this Python has no way to watch another thread")
class StoppableTest(unittest.TestCase):
    def test_leaves_no_lock_of_the_package_taken_wherever_it_stops(self):
        for function in FUNCTIONS:
            places = 0
            with self.subTest(function.__name__):
                while True:
                    interruption = RaiseAt(places)
                    lock = Recorder(interruption.look)
                    if not is_stopped(interruption, function, lock):
                        break
                    self.assertEqual(lock.taken, 0, "stopped at place %d" % places)
                    places += 1
                self.assertGreater(places, 2)
                self.assertGreater(lock.most, 0)

    def test_finds_a_place_in_every_loop(self):
        for source in (
            "while True: pass",
            "for _ in iter(int, 1): pass",
            "[0 for _ in iter(int, 1)]",
            "while True:\n  with lock: pass",
            "while True:\n  with lock: len(())",
            "while True:\n  try: pass\n  finally: pass",
            "while True:\n  try: len(())\n  except ValueError: pass",
            "while True:\n  try:\n   raise ValueError\n  except ValueError: pass",
            "with lock:\n  while True: pass",
        ):
            code = compile("def endless(look, lock):\n look()\n %s\n" % source.replace("\n", "\n "), __file__, "exec")
            space = {}
            exec(code, space)
            interruption = RaiseAt(5)
            with self.subTest(source):
                self.assertTrue(is_stopped(interruption, space["endless"], interruption.look, threading.Lock()))

    def test_takes_no_code_of_the_standard_library_that_uses_locks_for_safe(self):
        condition = threading.Condition()
        frames = []

        def predicate():
            frame = sys._getframe()
            while frame is not None:
                frames.append(frame)
                frame = frame.f_back
            return True

        with condition:
            condition.wait_for(predicate)
        here = [frame for frame in frames if frame.f_code.co_filename == threading.__file__]

        self.assertTrue(here)
        self.assertFalse(any(stoppable.is_packaged(frame) or stoppable.is_lock_free(frame) for frame in here))


if __name__ == "__main__":
    unittest.main()

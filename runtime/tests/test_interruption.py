import os
import random
import sys
import threading
import unittest
from unittest import mock

from fidius_host.imports import packages
from fidius_host.stopping import interruption, stoppable_frames
from fidius_host.stopping.interruption import FidiusCancelled, Interruption


PROGRAMS = int(os.environ.get("FIDIUS_PROGRAMS", "40"))
"""How many random functions to stop at each of their places."""


def setUpModule():
    patch = mock.patch.object(packages, "is_packaged", lambda file: file == __file__)
    patch.start()
    unittest.addModuleCleanup(patch.stop)
    interruption.prepare()


class Recorder:
    """A lock that records how often it is held."""

    def __init__(self, update):
        self.update = update
        """Called first by each function that is to be stopped, because functions are not watched before they run."""
        self.taken = 0
        self.most = 0
        self._failures = 0

    def acquire(self):
        self.taken += 1
        self.most = max(self.most, self.taken)

    def release(self):
        self.taken -= 1

    def fail(self):
        """Raise every other time."""
        self._failures += 1
        if self._failures % 2:
            raise ValueError

    def __enter__(self):
        self.acquire()
        return self

    def __exit__(self, *error):
        self.release()


def blocks(lock):
    lock.update()
    for number in range(3):
        with lock:
            number += 1


def nested_blocks(lock):
    lock.update()
    number = 0
    while number < 3:
        with lock:
            with lock as again:
                number += again.taken


def explicitly(lock):
    lock.update()
    for number in range(3):
        lock.acquire()
        try:
            number += 1
            if number > 1:
                continue
        finally:
            lock.release()


def once(lock):
    lock.update()
    lock.acquire()
    try:
        len("held")
    finally:
        lock.release()
    len("free")


def two_at_once(lock):
    lock.update()
    for number in range(2):
        with lock, lock:
            pass
        with lock:
            len("held")
            len("held")


def nested_finally(lock):
    lock.update()
    lock.acquire()
    try:
        lock.acquire()
        try:
            len("held twice")
        finally:
            lock.release()
        len("held once")
    finally:
        number = lock.taken
        lock.release()
    return number


def failing(lock):
    lock.update()
    for number in range(2):
        try:
            lock.acquire()
            try:
                raise ValueError(number)
            finally:
                lock.release()
        except ValueError:
            number += 1


def handled(lock):
    lock.update()
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
    lock.update()
    lock.acquire()
    try:
        for number in range(3):
            if number:
                return number
    finally:
        lock.release()


def generating(lock):
    lock.update()

    def numbers():
        lock.update()
        with lock:
            for number in range(3):
                yield number

    return sum(number for number in numbers())


FUNCTIONS = [
    blocks,
    nested_blocks,
    explicitly,
    once,
    two_at_once,
    nested_finally,
    failing,
    handled,
    returning,
    generating,
]


class Program:
    """A random function that acquires a lock in every way that releases it whatever is raised."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._lines = ["def program(lock):", "    lock.update()"]
        self._block(1, 4, False)
        self.text = "\n".join(self._lines)

    def compile(self):
        space = {}
        exec(compile(self.text, __file__, "exec"), space)
        return space["program"]

    def _add(self, depth, *lines):
        self._lines.extend("    " * depth + line for line in lines)

    def _block(self, depth, left, in_loop):
        for _ in range(self._random.randint(1, 3)):
            self._statement(depth, left, in_loop)

    def _statement(self, depth, left, in_loop):
        kind = self._random.randint(0, 10) if left else self._random.choice((7, 7, 8, 9, 10))
        if kind == 0:
            self._add(depth, "with lock:")
            self._block(depth + 1, left - 1, in_loop)
        elif kind == 1:
            self._add(depth, "with lock, lock as number:")
            self._block(depth + 1, left - 1, in_loop)
        elif kind in (2, 3):
            self._add(depth, "lock.acquire()", "try:")
            self._block(depth + 1, left - 1, in_loop)
            if kind == 3:
                self._add(depth, "except ValueError:")
                self._block(depth + 1, left - 1, in_loop)
            self._add(depth, "finally:", "    lock.release()")
            if self._random.random() < 0.3:
                self._add(depth + 1, "len(())")
        elif kind == 4:
            self._add(depth, "try:")
            self._block(depth + 1, left - 1, in_loop)
            self._add(depth, "except ValueError:")
            self._block(depth + 1, left - 1, in_loop)
        elif kind == 5:
            self._add(depth, "for number in range(2):")
            self._block(depth + 1, left - 1, True)
        elif kind == 6:
            self._add(depth, "if len(()) == 0:")
            self._block(depth + 1, left - 1, in_loop)
        elif kind == 7:
            self._add(depth, "len(())")
        elif kind == 8:
            self._add(depth, "lock.fail()")
        elif kind == 9 and in_loop:
            self._add(depth, self._random.choice(("continue", "break")))
        else:
            self._add(depth, self._random.choice(("pass", "number = [each for each in range(2)]", "return len(())")))


class RaiseAt(Interruption):
    """Raises at one of the safe places that a function reaches: the first, the second and so on."""

    def __init__(self, count):
        super().__init__(threading.get_ident(), interruption.this_thread(), lambda: True)
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
    except ValueError:
        return False
    finally:
        interruption.end()


@unittest.skipUnless(interruption.available, "this Python has no way to watch another thread")
class StoppableTest(unittest.TestCase):
    def test_leaves_no_lock_of_the_package_acquired_wherever_it_stops(self):
        for function in FUNCTIONS:
            places = 0
            with self.subTest(function.__name__):
                while True:
                    interruption = RaiseAt(places)
                    lock = Recorder(interruption.update)
                    if not is_stopped(interruption, function, lock):
                        break
                    self.assertEqual(lock.taken, 0, "stopped at place %d" % places)
                    places += 1
                self.assertGreater(places, 2)
                self.assertGreater(lock.most, 0)

    def test_leaves_no_lock_acquired_by_random_functions(self):
        for seed in range(PROGRAMS):
            program = Program(seed)
            function = program.compile()
            places = 0
            while True:
                interruption = RaiseAt(places)
                lock = Recorder(interruption.update)
                stopped = is_stopped(interruption, function, lock)
                self.assertEqual(lock.taken, 0, "seed %d, place %d:\n%s" % (seed, places, program.text))
                if not stopped:
                    break
                places += 1

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
            body = source.replace("\n", "\n ")
            code = compile("def endless(update, lock):\n update()\n %s\n" % body, __file__, "exec")
            space = {}
            exec(code, space)
            interruption = RaiseAt(5)
            with self.subTest(source):
                self.assertTrue(is_stopped(interruption, space["endless"], interruption.update, threading.Lock()))

    def test_does_not_stop_code_of_the_standard_library_that_uses_locks(self):
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
        for frame in here:
            self.assertFalse(stoppable_frames.is_packaged(frame) or stoppable_frames.is_lock_free(frame))


if __name__ == "__main__":
    unittest.main()

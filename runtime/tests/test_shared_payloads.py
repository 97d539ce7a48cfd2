import ctypes
import sys
import tracemalloc
import unittest

from fidius_host.transport.protocol import REFERENCE
from fidius_host.transport.shared_payloads import SharedPayloads, release_objects

SIZE = 1 << 20


def give(payload):
    """Return a reference to a payload as the host makes it."""
    allocate = ctypes.pythonapi.PyMem_RawMalloc
    allocate.restype = ctypes.c_void_p
    allocate.argtypes = [ctypes.c_size_t]
    address = allocate(len(payload))
    ctypes.memmove(address, payload, len(payload))
    return REFERENCE.pack(address, len(payload))


def held(action):
    """Return how many more bytes Python has allocated after an action."""
    before = tracemalloc.get_traced_memory()[0]
    action()
    return tracemalloc.get_traced_memory()[0] - before


class SharedPayloadsTest(unittest.TestCase):
    def setUp(self):
        self.payloads = SharedPayloads(1)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)

    def test_measures_a_payload_that_is_not_freed(self):
        data = []

        self.assertGreater(held(lambda: data.append(give(bytes(SIZE)))), SIZE - 1)

        self.payloads.discard(data[0])

    def test_frees_a_payload_that_was_read(self):
        read = []

        left = held(lambda: read.append(self.payloads.read(give(b"x" * SIZE), len)))

        self.assertEqual(read, [SIZE])
        self.assertLess(left, 10_000)

    def test_frees_a_payload_that_cannot_be_read(self):
        def refuse(view):
            raise ValueError("no")

        def read():
            try:
                self.payloads.read(give(b"x" * SIZE), refuse)
            except ValueError:
                pass

        self.assertLess(held(read), 10_000)

    def test_frees_a_payload_that_is_discarded(self):
        self.assertLess(held(lambda: self.payloads.discard(give(b"x" * SIZE))), 10_000)

    def test_invalidates_views_of_a_freed_payload(self):
        views = []
        self.payloads.read(give(b"x" * SIZE), views.append)

        self.assertRaises(ValueError, views[0].tobytes)

    def test_keeps_a_result_until_it_is_released(self):
        result = b"%d" % SIZE * SIZE
        alone = sys.getrefcount(result)

        address, size = REFERENCE.unpack(self.payloads.keep(5, result))
        kept = sys.getrefcount(result)
        copy = ctypes.string_at(address, size)
        self.payloads.release(6)
        still = sys.getrefcount(result)
        self.payloads.release(5)

        self.assertEqual((copy == result, kept, still), (True, alone + 1, alone + 1))
        self.assertEqual(sys.getrefcount(result), alone)

    def test_releases_objects_by_address(self):
        thing = object()
        alone = sys.getrefcount(thing)
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))

        release_objects([id(thing)])

        self.assertEqual(sys.getrefcount(thing), alone)


if __name__ == "__main__":
    unittest.main()

"""Large payloads within one process: their address travels in the frame, and the bytes stay where they are.

A payload for Python lies in a block that the host took from ``PyMem_RawMalloc`` and gave away with the frame. A payload
for the host is a ``bytes`` object that is kept alive until the host has copied it.
"""

import ctypes

from .protocol import REFERENCE, ProtocolError

_free = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(("PyMem_RawFree", ctypes.pythonapi))
_view = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)(
    ("PyMemoryView_FromMemory", ctypes.pythonapi)
)
_decref = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(("Py_DecRef", ctypes.pythonapi))
_READ_ONLY = 0x100


def give_up(addresses):
    """Give up references that the host has left, by the addresses of the objects."""
    for address in addresses:
        _decref(address)


class References:
    def __init__(self, threshold):
        self.threshold = threshold
        """A payload of more bytes goes by reference."""
        self._kept = {}

    def read(self, data, reader):
        """What ``reader`` makes of the payload that a frame refers to. The payload is given back."""
        address, size = REFERENCE.unpack(data)
        view = _view(address, size, _READ_ONLY)
        try:
            return reader(view)
        finally:
            view.release()
            _free(address)

    def discard(self, data):
        """Give back a payload that will not be read."""
        _free(REFERENCE.unpack(data)[0])

    def keep(self, call, payload):
        """Keep an answer until it is released; what to send in its place."""
        self._kept[call] = payload
        return REFERENCE.pack(ctypes.cast(ctypes.c_char_p(payload), ctypes.c_void_p).value, len(payload))

    def release(self, call):
        self._kept.pop(call, None)

    def clear(self):
        self._kept.clear()


class NoReferences:
    """Stands in where the two sides share no memory."""

    threshold = float("inf")

    def read(self, data, reader):
        raise ProtocolError("a reference, but no memory is shared")

    def discard(self, data):
        pass

    def release(self, call):
        pass

    def clear(self):
        pass

"""Large payloads within one process: the frame carries their address, and the bytes are not copied into the frame.

A payload for Python is a block that the host has taken from ``PyMem_RawMalloc``; Python owns it once it has the frame.
A payload for the host is a ``bytes`` object that is kept alive until the host has copied it.
"""

import ctypes

from .protocol import REFERENCE

_free = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(("PyMem_RawFree", ctypes.pythonapi))
_view = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)(
    ("PyMemoryView_FromMemory", ctypes.pythonapi)
)
_decref = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(("Py_DecRef", ctypes.pythonapi))
_READ_ONLY = 0x100


def release_objects(addresses):
    """Release references that the host no longer uses, by the addresses of the objects."""
    for address in addresses:
        _decref(address)


class SharedPayloads:
    def __init__(self, threshold):
        self.threshold = threshold
        """A payload of more bytes is passed by reference."""
        self._kept = {}

    def read(self, data, reader):
        """Apply ``reader`` to the payload that a frame refers to, return its result, and free the payload."""
        address, size = REFERENCE.unpack(data)
        view = _view(address, size, _READ_ONLY)
        try:
            return reader(view)
        finally:
            view.release()
            _free(address)

    def discard(self, data):
        """Free a payload without reading it."""
        _free(REFERENCE.unpack(data)[0])

    def keep(self, call, payload):
        """Keep an answer until it is released, and return the reference to send instead."""
        self._kept[call] = payload
        return REFERENCE.pack(ctypes.cast(ctypes.c_char_p(payload), ctypes.c_void_p).value, len(payload))

    def release(self, call):
        self._kept.pop(call, None)

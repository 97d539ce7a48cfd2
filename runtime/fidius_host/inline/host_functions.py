"""Host functions for calls that the host makes on its own thread: the host's function runs on the same thread."""

import ctypes
import struct
import threading

from .. import codec
from ..plugins import host_functions

# Keeps the GIL: the host counts how often its thread has acquired it, and would take it as held in any case.
_SIGNATURE = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)

_HEAD = struct.Struct("<BIH")
"""Kind of the request, number of the declaration, position of the function. Encoded values follow."""
_CALL, _DECLARE = 0, 1

_threads = {}
"""The link of each thread of the host, by its ident."""


def connect(address):
    """Set the function that calls host functions for the calling thread.

    ``int callback(const void *request, size_t size, uint64_t reply[2])``: ``reply`` receives address and size of an encoded reply that is valid until the next call. Returns 1 if the reply describes an error.
    """
    _threads[threading.get_ident()] = _Link(_SIGNATURE(address))
    if _link_of_this_thread not in host_functions.finders:
        host_functions.finders.insert(0, _link_of_this_thread)


def _link_of_this_thread():
    return _threads.get(threading.get_ident())


class _Link:
    """A ``HostLink`` that leaves it to the host to find the plugin and the interface."""

    def __init__(self, callback):
        self._callback = callback
        self._numbers = {}
        """Number under which the host knows each declaration."""
        # One for all calls: the host writes it last, after calls that it has made itself.
        self._reply = (ctypes.c_uint64 * 2)()
        self._address = ctypes.addressof(self._reply)
        self.carrier = self

    def position(self, declared):
        number = self._numbers.get(declared)
        if number is None:
            names = codec.encode([declared.name, declared.version, declared.interface_hash])
            number = self._numbers[declared] = self._pass(_HEAD.pack(_DECLARE, 0, 0) + names)
        return number

    def call(self, link, number, function, arguments):
        return self._pass(_HEAD.pack(_CALL, number, function) + host_functions.encode_arguments(codec.encode, arguments))

    async def call_async(self, link, number, function, arguments):
        return self.call(link, number, function, arguments)

    def _pass(self, request):
        failed = self._callback(request, len(request), self._address)
        address, size = self._reply
        result = codec.decode(ctypes.string_at(address, size))
        if failed:
            raise host_functions.failure(result["code"] or result["name"], result["message"], result["number"])
        return result

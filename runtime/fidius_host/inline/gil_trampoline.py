"""One C function through which a thread of the host makes a whole call.

A worker thread of Node can be terminated between any two steps of JavaScript. Were it to hold the GIL there, nobody would
ever give it back. So everything it wants of Python goes through this function, which takes the GIL and gives it back in
between the same two steps.

A request is one byte, what it is, and the rest as below; a reply is one byte, whether it succeeded, and the rest.
"""

import ctypes
import struct
import threading

from .. import codec
from ..codec import error_description
from ..plugins import loading

INVOKE, CALL, CALL_RAW, RELEASE = 0, 1, 2, 3
RETURNED, RAISED = 0, 1

_METHOD = struct.Struct("<IH")
"""Number of the plugin, index of the method; the arguments follow."""

_SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)

_replies = {}
_invoke = None


def address(invoke):
    """Address of ``int door(const void *request, size_t size, uint64_t reply[2])``.

    ``reply`` gets address and size of the reply, which stays until the same thread calls again. ``RELEASE`` has none: it
    gives up the last one.
    """
    global _invoke
    _invoke = invoke
    return ctypes.cast(_door, ctypes.c_void_p).value


def protect_stack(base, size):
    """Tell Python, since 3.14, which stack the calling thread runs on."""
    state = ctypes.pythonapi.PyThreadState_Get
    state.restype = ctypes.c_void_p
    set_protection = ctypes.pythonapi.PyUnstable_ThreadState_SetStackProtection
    set_protection.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    set_protection(state(), base, size)


@_SIGNATURE
def _door(request, size, reply):
    try:
        request = ctypes.string_at(request, size)
        if request[0] == RELEASE:
            _replies.pop(threading.get_ident(), None)
            return 0
        answer = b"\0" + _serve(request)
    except BaseException as error:
        answer = b"\1" + error_description.encoded(error)
    _replies[threading.get_ident()] = answer
    place = (ctypes.c_uint64 * 2).from_address(reply)
    place[0] = ctypes.cast(ctypes.c_char_p(answer), ctypes.c_void_p).value
    place[1] = len(answer)
    return 0


def _serve(request):
    kind = request[0]
    if kind == INVOKE:
        return _invoke(request[1:])
    number, index = _METHOD.unpack_from(request, 1)
    method = loading.callables(number)[index]
    data = request[1 + _METHOD.size :]
    return loading.contexts(number).new().run(_call if kind == CALL else _call_raw, method, data)


def _call(method, data):
    return codec.encode(method(*codec.decode(data)))


def _call_raw(method, data):
    return codec.raw_bytes(method(data))

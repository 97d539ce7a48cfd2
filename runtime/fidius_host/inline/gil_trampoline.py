"""A C function that makes a whole call for a worker thread of the host.

A worker thread of Node can be terminated between any two steps of JavaScript. If it held the GIL at that time, the GIL
would never be released. Therefore every request of such a thread goes through this function, which acquires and
releases the GIL within one step.

The first byte of a request is its kind, and the first byte of a reply tells whether the request has succeeded.
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
"""Number of the plugin and index of the method. The arguments follow."""

_SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)

_replies = {}
_invoke = None


def address(invoke):
    """Return the address of ``int trampoline(const void *request, size_t size, uint64_t reply[2])``.

    ``invoke`` serves requests of the kind ``INVOKE``. ``reply`` receives address and size of the reply, which is valid
    until the same thread calls again. ``RELEASE`` has no reply: it frees the last one.
    """
    global _invoke
    _invoke = invoke
    return ctypes.cast(_trampoline, ctypes.c_void_p).value


def protect_stack(base, size):
    """Set the bounds of the stack that the calling thread runs on. CPython needs them since 3.14."""
    state = ctypes.pythonapi.PyThreadState_Get
    state.restype = ctypes.c_void_p
    set_protection = ctypes.pythonapi.PyUnstable_ThreadState_SetStackProtection
    set_protection.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    set_protection(state(), base, size)


@_SIGNATURE
def _trampoline(request, size, reply):
    try:
        request = ctypes.string_at(request, size)
        if request[0] == RELEASE:
            _replies.pop(threading.get_ident(), None)
            return 0
        answer = b"\0" + _serve(request)
    except BaseException as error:
        answer = b"\1" + error_description.encoded(error)
    _replies[threading.get_ident()] = answer
    result = (ctypes.c_uint64 * 2).from_address(reply)
    result[0] = ctypes.cast(ctypes.c_char_p(answer), ctypes.c_void_p).value
    result[1] = len(answer)
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

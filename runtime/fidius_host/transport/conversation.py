"""The frames within a call: between the frame that begins it and the final one.

The counterpart is ``src/protocol/conversation.ts``. A side that receives a frame for a call that does not use it reports a
protocol violation.
"""

from .protocol import (
    CREDIT,
    END,
    HEADER,
    HOST_CALL,
    HOST_RESULT,
    ITEM,
    LOAD_POSITION,
    PROGRESS,
    IS_ERROR,
    ProtocolError,
    frame,
)

_NAMES = {ITEM: "item", CREDIT: "credit", END: "end", HOST_RESULT: "hostResult"}


def items(call, form, count, payload):
    """Return the frame of ``count`` items of the result stream. ``form`` is one of those of ``codec/items.py``."""
    return HEADER.pack(len(payload), ITEM, 0, form, call, count) + payload


def credit(call, count):
    """Return a frame that lets the host send ``count`` more items of the argument stream."""
    return HEADER.pack(0, CREDIT, 0, 0, call, count)


def end(call):
    """Return a frame that tells the host that no more items of the argument stream are needed."""
    return frame(END, call)


def host_call(call, number, function, payload):
    """Return a frame that calls a host function. ``number`` identifies the result."""
    return HEADER.pack(len(payload), HOST_CALL, 0, function, call, number) + payload


def progress(call, payload):
    return frame(PROGRESS, call, payload)


def load_position(call, payload):
    return frame(LOAD_POSITION, call, payload)


def is_host_message(kind):
    """Tell whether a host sends frames of this type within a call."""
    return kind in _NAMES


def name_of(kind):
    return _NAMES[kind]


def read_host_message(kind, flags, number, data):
    """Return a frame within a call as a dictionary with ``kind`` and the fields of ``HostMessage``.

    Raises ``ProtocolError`` for an invalid frame.
    """
    name = _NAMES[kind]
    allowed = IS_ERROR if kind in (END, HOST_RESULT) else 0
    if flags & ~allowed:
        raise ProtocolError('an invalid frame: "%s" has the flags %d' % (name, flags))
    if kind == ITEM:
        if number == 0:
            raise ProtocolError('an invalid frame: "%s" has no items' % name)
        return {"kind": "items", "count": number, "payload": bytes(data)}
    if kind == HOST_RESULT:
        return {"kind": name, "number": number, "raised": bool(flags), "payload": bytes(data)}
    if kind == END and flags:
        return {"kind": name, "error": bytes(data)}
    if len(data):
        raise ProtocolError('an invalid frame: "%s" has %d bytes of payload, expected none' % (name, len(data)))
    if kind == END:
        return {"kind": name}
    if number == 0:
        raise ProtocolError('an invalid frame: "%s" grants no items' % name)
    return {"kind": name, "items": number}

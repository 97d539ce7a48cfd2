"""The frames between a host and its call server.

The counterpart is ``src/protocol/frames.ts``, which explains the frames. Both files change together.
"""

import struct

VERSION = 2

HEADER = struct.Struct("<IBBHII")
"""Payload bytes, type, flags, method, call, plugin. ``frames.ts`` describes other meanings of the last field."""

HEADER_BYTES = 16
MAX_PAYLOAD_BYTES = 0x40000000
REFERENCE = struct.Struct("<QQ")
"""Address and size of a payload in memory that both sides share."""

# host to server, data channel
HANDSHAKE = 1
CALL = 2
RELEASE = 3
HOST_RESULT = 4

# host to server, control channel
CANCEL = 8
SHUTDOWN = 9

# within a call, both directions
ITEM = 12
CREDIT = 13
END = 14

# server to host, data channel
READY = 16
RETURNED = 17
RAISED = 18
STOPPED = 19
SKIPPED = 20
HOST_CALL = 21
PROGRESS = 22
POOL = 24
OUTPUT = 25
PROCESS_CHANGE = 26
FAILED = 27
LOAD_POSITION = 28

# flags
RAW = 1
TIMED = 2
BY_REFERENCE = 4
IS_ERROR = 8
TRACED = 16


_pack_int = struct.Struct("<IBBHII3si1s").pack


def int_frame(call, value):
    """Return the answer of a call that has returned an ``int`` of 32 bits; ``struct.error`` for a larger one.

    The same as ``frame`` with the pickle of that number, in half the time, because this is the most frequent result.
    """
    return _pack_int(8, RETURNED, 0, 0, call, 0, b"\x80\x05J", value, b".")


class ProtocolError(Exception):
    """The other side has sent an invalid or unexpected frame. The connection cannot be used any more."""


class VersionMismatch(Exception):
    """The host uses another version of the protocol."""

    def __init__(self, version):
        super().__init__("the host uses version %d of the protocol, this call server version %d" % (version, VERSION))


def frame(kind, call, payload=b"", flags=0, microseconds=0):
    """Return one frame: an answer, or a message of the server."""
    return HEADER.pack(len(payload), kind, flags, 0, call, microseconds) + payload

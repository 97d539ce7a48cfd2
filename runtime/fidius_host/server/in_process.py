"""A call server in the process of its host."""

import socket

from ..transport.shared_payloads import SharedPayloads
from .call_server import Server


def start():
    """Start a server, and return ``[data, control, number]``.

    ``data`` and ``control`` are the descriptors of the host's ends of the two channels; ``number`` identifies the
    server. Raises ``RuntimeError`` if no thread can be started.
    """
    data, host_data = socket.socketpair()
    control, host_control = socket.socketpair()
    with host_data, host_control:  # closed unless they are detached below
        server = Server(data, control, SharedPayloads, [host_data.fileno(), host_control.fileno()])
        server.start()
        return [host_data.detach(), host_control.detach(), server.number]

"""The two ways to start a call server: beside its host in one process, or as a program of its own."""

import os
import socket
import sys

from .server import Server


def start_here():
    """Start a server in this process.

    Returns the descriptors of the host's ends, data channel and control channel, and the number of the server. Raises
    ``RuntimeError`` when no thread can be started.
    """
    from .references import References

    data, host_data = socket.socketpair()
    control, host_control = socket.socketpair()
    with host_data, host_control:  # closed, unless they are handed over
        server = Server(data, control, References, [host_data.fileno(), host_control.fileno()])
        server.start()
        return [host_data.detach(), host_control.detach(), server.number]


def main(data, control):
    """Serve on two inherited descriptors until the host closes them. For a process of its own."""
    server = Server(socket.socket(fileno=data), socket.socket(fileno=control))
    for descriptor in (data, control):
        os.set_inheritable(descriptor, False)
    server.start()
    server.wait()
    sys.exit(0)

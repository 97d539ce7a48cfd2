"""The call server as a program of its own."""

import os
import socket
import sys

from .call_server import Server


def main(data, control):
    """Serve on two inherited descriptors until the host closes them. For a process of its own."""
    server = Server(socket.socket(fileno=data), socket.socket(fileno=control))
    for descriptor in (data, control):
        os.set_inheritable(descriptor, False)
    server.start()
    server.wait()
    sys.exit(0)

"""Frames of the call server, and the sockets and the memory that carry them."""

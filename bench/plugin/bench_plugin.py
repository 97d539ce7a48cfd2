"""What every contender of the benchmark calls: the same file, imported each in its own way."""

import json

__interface_hash__ = 0xF5CDA1E013465D74


def add(a, b):
    return a + b


def echo(value):
    return value


def echo_bytes(data):
    return data


# With types of their own in the interface; nothing else of them differs.
echo_rows = echo
echo_floats = echo


def echo_json(text):
    """What a host without a codec does: JSON in, JSON out."""
    return json.dumps(json.loads(text))


def numpy_array(length):
    """A float64 array; made once per length, so that a call measures the way out and not numpy."""
    if length not in _arrays:
        import numpy

        _arrays[length] = numpy.arange(length, dtype=numpy.float64)
    return _arrays[length]


_arrays = {}


async def add_coroutine(a, b):
    return a + b


def count_up(length):
    yield from range(length)


def row(number):
    return {"id": number, "name": f"row number {number}", "score": number + 0.25, "ok": number % 2 == 0}


def stream_rows(length):
    for number in range(length):
        yield row(number)


def ask_host(count):
    """Call a function of the host ``count`` times."""
    # Other contenders have no SDK of fidius.
    from fidius import host_functions

    if not _hosts:
        _hosts.append(host_functions("BenchHost", version=1, interface_hash=0xBE30B9D096B2C49E))
    call = _hosts[0].call
    return sum(call(0, number, 0) for number in range(count))


_hosts = []


def start_echo_thread():
    """One thread that sends back whatever arrives; returns the other end of its socket pair as a file descriptor."""
    import socket
    import threading

    here, there = socket.socketpair()

    def serve():
        while data := here.recv(65536):
            here.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    return there.detach()

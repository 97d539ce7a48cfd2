"""The standard streams of Python in a process that also belongs to Node, and in which several plugins run.

- Node makes descriptors 0 to 2 non-blocking if they are pipes, sockets or terminals. These streams wait instead of
  failing.
- No plugin can close the streams. A wrapper that a plugin drops does not close them either.
- An assignment to ``sys.stdout``, as ``contextlib.redirect_stdout`` makes it, applies to the context of the code that
  made it. Overlapping calls therefore cannot restore the stream of another call.

The last point needs two views. Python code reads the stream of its context as an attribute of ``sys``. C code
(``print``, ``input``, tracebacks) reads the dictionary of ``sys``, where a ``_Current`` forwards to the same stream.
"""

import io
import os
import sys
from _contextvars import ContextVar
from types import ModuleType

NAMES = ("stdin", "stdout", "stderr")

_WAIT_MS = 100
"""Waiting returns to Python code after this time, because a call can only be interrupted in Python code."""

_UNSET = object()

_streams = {}
_current = {}
_redirections = {}
_listener = None


def install():
    """Replace the streams that Python has made. Called once, at the start."""
    for number, name in enumerate(NAMES):
        before = getattr(sys, name)
        stream = before
        if before is not None and before is getattr(sys, "__%s__" % name):
            stream = _reader() if name == "stdin" else _writer(number, name, before)
            setattr(sys, "__%s__" % name, stream)
        _streams[name] = stream
        _redirections[name] = ContextVar("fidius_%s" % name, default=_UNSET)
        _current[name] = _Current(name)
    restore()
    sys.__class__ = _Sys
    _keep_pickling()


def restore():
    """Undo assignments to ``sys.__dict__``, and return the names of the streams that were replaced there."""
    replaced = [name for name in NAMES if sys.__dict__.get(name) is not _current[name]]
    for name in replaced:
        sys.__dict__[name] = _current[name]
    return replaced


def listen(listener):
    """Call ``listener(name, data)`` with all output from now on; it returns whether it took the data.

    ``None`` ends this.
    """
    global _listener
    _listener = listener


def is_listening():
    return _listener is not None


def send_output_to_stderr():
    """Write what code prints to descriptor 2, so that only the host writes to descriptor 1."""
    _streams["stdout"] = _streams["stderr"]


def settings():
    """Return encoding and error handling by stream. ``reconfigure`` changes them for the whole process."""
    return {
        name: "%s, %s" % (stream.encoding, stream.errors)
        for name, stream in _streams.items()
        if isinstance(stream, _Text)
    }


def _writer(number, name, before):
    below = io.BufferedWriter(_Descriptor(number, "wb", closefd=False)) if os.name == "posix" else before.detach()
    # Written through, so that buffered text of one plugin never precedes that of another.
    binary = _Binary(name, below)
    return _Text(binary, "utf-8", "backslashreplace", newline="\n", line_buffering=True, write_through=True)


def _reader():
    if os.name != "posix":
        return sys.stdin
    raw = _Descriptor(0, "rb", closefd=False)
    raw.name = "<stdin>"
    return _Text(_BinaryReader(raw), "utf-8", "surrogateescape")


class _Descriptor(io.FileIO):
    """One of the descriptors 0 to 2. Waits where ``FileIO`` would report that the descriptor is not ready."""

    def write(self, data):
        while True:
            count = super().write(data)
            if count is not None:
                return count
            _wait(self.fileno(), writing=True)

    def readinto(self, buffer):
        while True:
            count = super().readinto(buffer)
            if count is not None:
                return count
            _wait(self.fileno(), writing=False)

    def read(self, size=-1):
        if size is None or size < 0:
            return self.readall()
        while True:
            data = super().read(size)
            if data is not None:
                return data
            _wait(self.fileno(), writing=False)

    def readall(self):
        parts = []
        while True:
            part = self.read(1 << 16)
            if not part:
                return b"".join(parts)
            parts.append(part)

    def close(self):
        pass


def _wait(descriptor, writing):
    import select  # an extension module that most programs do not need

    poll = select.poll()
    poll.register(descriptor, select.POLLOUT if writing else select.POLLIN)
    poll.poll(_WAIT_MS)


class _Binary(io.BufferedIOBase):
    """The type of ``sys.stdout.buffer``."""

    def __init__(self, stream, below):
        self._stream = stream
        self._below = below
        self.name = "<%s>" % stream
        self.mode = "wb"

    @property
    def raw(self):
        return self

    def writable(self):
        return True

    def fileno(self):
        return self._below.fileno()

    def isatty(self):
        return _listener is None and self._below.isatty()

    def write(self, data):
        if type(data) is not bytes:
            data = memoryview(data).tobytes()
        if _listener is None or not _listener(self._stream, data):
            self._below.write(data)
        return len(data)

    def flush(self):
        self._below.flush()

    def detach(self):
        return self

    def close(self):
        self.flush()


class _BinaryReader(io.BufferedReader):
    def detach(self):
        return self

    def close(self):
        pass


class _Text(io.TextIOWrapper):
    def __init__(self, buffer, *args, **kwargs):
        super().__init__(buffer, *args, **kwargs)
        self.mode = "w" if buffer.writable() else "r"

    def detach(self):
        """Return the binary stream, for a wrapper made by the plugin. This text stream stays usable."""
        self.flush()
        return self.buffer

    def close(self):
        self.flush()


def _find(name):
    found = _redirections[name].get()
    return _streams[name] if found is _UNSET else found


def _attribute(name):
    def get(_):
        return _find(name)

    def set(_, value):
        own = value is _streams[name] or value is _current[name]
        _redirections[name].set(_UNSET if own else value)

    def delete(_):
        _redirections[name].set(None)

    return property(get, set, delete)


class _ModuleKind(type):
    """Makes ``type(sys)`` behave like the type of modules, which the import system calls to make modules."""

    def __new__(cls, name, bases, namespace):
        if bases == (ModuleType,):
            return super().__new__(cls, name, bases, namespace)
        return type(name, tuple(ModuleType if base is _Sys else base for base in bases), namespace)

    def __call__(cls, *args, **kwargs):
        return ModuleType(*args, **kwargs)

    def __instancecheck__(cls, instance):
        return isinstance(instance, ModuleType)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, ModuleType)


class _Sys(ModuleType, metaclass=_ModuleKind):
    """``sys``, with standard streams that depend on the context."""

    stdin, stdout, stderr = map(_attribute, NAMES)


class _Current:
    """The stream of the context, for C code."""

    def __init__(self, name):
        self._name = name

    def write(self, text):
        stream = _find(self._name)
        return len(text) if stream is None else stream.write(text)

    def flush(self):
        stream = _find(self._name)
        if stream is not None:
            stream.flush()

    def fileno(self):
        if self._name == "stdin":
            # Only `input` calls this. With a descriptor it would read the terminal with C functions, which do not wait.
            raise io.UnsupportedOperation("fileno")
        return _find(self._name).fileno()

    def __getattr__(self, attribute):
        return getattr(_find(self._name), attribute)

    def __repr__(self):
        return repr(_find(self._name))


def _keep_pickling():
    """Let libraries that pickle functions with their globals (cloudpickle, dill) pickle ``sys`` despite its type."""
    import copyreg

    copyreg.pickle(_Sys, _reduce)


def _reduce(module):
    return __import__, (module.__name__,)

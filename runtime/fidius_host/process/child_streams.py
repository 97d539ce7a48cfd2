"""Standard streams for child processes: they block, as programs expect.

``O_NONBLOCK`` belongs to an open file description, which a child shares with this process. Node sets it on pipes, sockets
and terminals, also after the child was started. A child therefore gets a description of its own where the system can make
one: of pipes and terminals, through ``/proc``. Of sockets it cannot. There the flag is cleared for this process as well, as
libuv does for children that inherit a stream from Node.
"""

import os
import stat
import sys

_POSITIONS = ((6, 0), (9, 1), (11, 2))
"""Where ``fork_exec`` takes the descriptors for 0 to 2, in every supported version."""


def serve_children():
    """Arrange for every child that Python starts from now on. Code in C starts children without asking."""
    if os.name != "posix":
        return
    import _posixsubprocess

    _posixsubprocess.fork_exec = _fork_exec(_posixsubprocess.fork_exec)
    subprocess = sys.modules.get("subprocess")
    if hasattr(subprocess, "_fork_exec"):
        subprocess._fork_exec = _posixsubprocess.fork_exec
    for name in ("posix_spawn", "posix_spawnp"):
        if hasattr(os, name):
            setattr(os, name, _posix_spawn(getattr(os, name)))
    os.system = _system
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_import_fcntl, after_in_child=_renew)


def _fork_exec(original):
    def fork_exec(*args):
        args = list(args)
        opened = []
        try:
            for position, number in _POSITIONS:
                given = number if args[position] == -1 else args[position]
                if 0 <= given <= 2:
                    fresh = _open_again(given)
                    if fresh is not None:
                        opened.append(fresh)
                        args[position] = fresh
            return original(*args)
        finally:
            for descriptor in opened:
                os.close(descriptor)

    return _as(original, fork_exec)


def _posix_spawn(original):
    def posix_spawn(path, argv, env, *, file_actions=(), **options):
        opened = []
        try:
            actions = []
            for number in range(3):
                fresh = _open_again(number)
                if fresh is not None:
                    opened.append(fresh)
                    actions.append((os.POSIX_SPAWN_DUP2, fresh, number))
            return original(path, argv, env, file_actions=[*actions, *(file_actions or ())], **options)
        finally:
            for descriptor in opened:
                os.close(descriptor)

    return _as(original, posix_spawn)


def _system(command):
    """Execute the command in a subshell."""
    import subprocess

    sys.audit("os.system", os.fsencode(command))
    code = subprocess.call(os.fsencode(command), shell=True, close_fds=False, restore_signals=False)
    return -code if code < 0 else code << 8


_system.__name__ = _system.__qualname__ = "system"


def _import_fcntl():
    """Before a fork: the copy had better not import anything."""
    import fcntl  # noqa: F401


def _renew():
    """In a forked copy, for the programs that it may become."""
    for number in range(3):
        try:
            fresh = _open_again(number)
            if fresh is not None:
                os.dup2(fresh, number)
                os.close(fresh)
        except OSError:
            pass


def _open_again(number):
    """A new descriptor of what a standard stream leads to; ``None`` where the child shall have the stream itself."""
    import fcntl

    try:
        status = os.fstat(number)
    except OSError:
        return None  # closed
    if stat.S_ISFIFO(status.st_mode) or (os.isatty(number) and not _is_terminal_master(status)):
        mode = fcntl.fcntl(number, fcntl.F_GETFL) & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
        try:
            # Without waiting for the other end, if it is a named pipe.
            fresh = os.open("/proc/self/fd/%d" % number, mode | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:
            pass  # no /proc, or a pipe that another user made
        else:
            os.set_blocking(fresh, True)
            return _above_standard(fresh)
    elif not stat.S_ISSOCK(status.st_mode):
        return None  # files never say that they are not ready
    if not os.get_blocking(number):
        os.set_blocking(number, True)
    return None


def _above_standard(descriptor):
    """The same beyond 2: where a standard stream is closed its number is the next one to be given out."""
    if descriptor > 2:
        return descriptor
    import fcntl

    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    finally:
        os.close(descriptor)


def _is_terminal_master(status):
    """Opening one of those makes another terminal."""
    return os.major(status.st_rdev) == 5 and os.minor(status.st_rdev) == 2


def _as(original, function):
    function.__name__ = function.__qualname__ = original.__name__
    function.__doc__ = original.__doc__
    return function

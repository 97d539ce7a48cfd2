"""Gives child processes blocking standard streams, as programs expect.

``O_NONBLOCK`` belongs to an open file description, which a child shares with this process. Node sets it on pipes,
sockets and terminals, also after the child was started. A child therefore gets a new description where the system can
make one: for pipes and terminals, through ``/proc``. For sockets it cannot. There the flag is cleared for this process,
too, as libuv does for children that inherit a stream from Node.
"""

import os
import stat
import sys

_POSITIONS = ((6, 0), (9, 1), (11, 2))
"""Positions of the arguments of ``fork_exec`` for the descriptors 0 to 2, in every supported version."""


def install():
    """Patch the functions by which Python starts children. Children that C code starts are not affected."""
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
    """Open the streams again in a forked copy, for the program that it may execute."""
    for number in range(3):
        try:
            fresh = _open_again(number)
            if fresh is not None:
                os.dup2(fresh, number)
                os.close(fresh)
        except OSError:
            pass


def _open_again(number):
    """Return a new descriptor for the target of a standard stream; ``None`` if the child shares the stream itself."""
    import fcntl

    try:
        status = os.fstat(number)
    except OSError:
        return None  # closed
    if stat.S_ISFIFO(status.st_mode) or (os.isatty(number) and not _is_terminal_master(status)):
        mode = fcntl.fcntl(number, fcntl.F_GETFL) & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
        try:
            # Does not wait for the other end of a named pipe.
            fresh = os.open("/proc/self/fd/%d" % number, mode | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:
            pass  # no /proc, or a pipe of another user
        else:
            os.set_blocking(fresh, True)
            return _above_standard(fresh)
    elif not stat.S_ISSOCK(status.st_mode):
        return None  # files are always ready
    if not os.get_blocking(number):
        os.set_blocking(number, True)
    return None


def _above_standard(descriptor):
    """Return the descriptor with a number above 2: a new one can get the number of a closed standard stream."""
    if descriptor > 2:
        return descriptor
    import fcntl

    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    finally:
        os.close(descriptor)


def _is_terminal_master(status):
    """Tell whether a descriptor is a terminal master. Opening one makes a new terminal."""
    return os.major(status.st_rdev) == 5 and os.minor(status.st_rdev) == 2


def _as(original, function):
    function.__name__ = function.__qualname__ = original.__name__
    function.__doc__ = original.__doc__
    return function

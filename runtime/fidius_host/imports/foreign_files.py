"""The only way in which the runtime opens files of a package: a pipe or a device in place of a file must not stop it."""

import os
import stat


def open_foreign(path):
    """Open a regular file for reading bytes, without waiting for whatever else lies there.

    Raises ``OSError`` when it is something else.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is not a regular file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise

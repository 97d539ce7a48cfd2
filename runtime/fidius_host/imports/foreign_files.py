"""Opens files of packages. A pipe or a device instead of a file must not block the runtime."""

import os
import stat


def open_foreign(path):
    """Open a regular file for reading bytes, without waiting if it is something else.

    Raises ``OSError`` if it is not a regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is not a regular file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise

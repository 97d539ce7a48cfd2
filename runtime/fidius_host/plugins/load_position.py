"""Reports the position of a thread that is loading a plugin."""

import sys

from .. import FOLDER
from ..imports import packages
from . import loading


def of_load(ident):
    """Return ``[position, caller]`` of the thread ``ident`` while it loads: each ``{file, line, function}`` or
    ``None``.

    ``position`` is the innermost frame. ``caller`` is the innermost frame of a package's own code if that is another
    one. ``None`` for both means that the load waits for the end of another one.
    """
    frame = sys._current_frames().get(ident)
    innermost = caller = None
    while frame is not None and frame.f_code is not loading.load.__code__:
        if not frame.f_code.co_filename.startswith(FOLDER):
            if innermost is None:
                innermost = frame
            if packages.is_packaged(frame.f_code.co_filename):
                caller = frame
                break
        frame = frame.f_back
    else:
        if frame is None:
            return [None, None]  # the load has not begun, or has ended
    return [_plain(innermost), _plain(caller) if caller is not innermost else None]


def _plain(frame):
    if frame is None:
        return None
    code = frame.f_code
    text = [part.encode("utf-8", "backslashreplace").decode() for part in (code.co_filename, code.co_name)]
    return {"file": text[0], "line": frame.f_lineno or 0, "function": text[1]}

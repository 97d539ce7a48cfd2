"""The exception that reaches the host with a code of the plugin's own."""

from __future__ import annotations

import copyreg
from typing import Any


class PluginError(Exception):
    """A failure that the host's program is meant to tell apart.

    Any exception of a plugin reaches the host; this one brings a ``code`` to branch on and ``details`` to act on, where
    others bring the name of their class and a traceback.

    :param code: the plugin's own name for the failure, such as ``"UNKNOWN_STATION"``. Part of the plugin's interface:
        keep it when the message changes.
    :param message: one sentence for people; it is what ``str()`` gives.
    :param details: anything JSON can hold, or ``None``. The host reads it back as plain data; details that JSON cannot
        hold are left out rather than sent wrong.
    """

    code: str
    message: str
    details: Any

    def __init__(self, code: str, message: str, details: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception would rebuild itself as PluginError(message), which lacks the code: copying one, or raising it in a
        # multiprocessing pool, would end in a TypeError. This way subclasses with other parameters come back too.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__

"""The context of a plugin: what its module set while it was imported holds in each of its calls, and nowhere else.

``decimal``, numpy 2 and every ``contextvars.ContextVar`` keep their settings in the current ``contextvars.Context``. Each
thread has one of its own otherwise: a setting made by the importing thread would be missing on all others, and one made by
a call would be found by the next call on that thread, of whatever plugin.
"""

import gc
import sys
from _contextvars import Context, ContextVar, copy_context

__all__ = ["CallContexts", "Context", "copy_context", "samples"]


class CallContexts:
    """Makes the contexts in which the calls of one plugin run.

    A ``Context`` can be entered once at a time, so that overlapping calls need one each. A copy takes the same short time
    whatever there is in it.
    """

    __slots__ = ("pristine", "new", "_decimal_variable", "_decimal_settings")

    def __init__(self, imported):
        self.pristine = imported.copy()
        """What the import left. Never entered: it keeps the variables alive that copies are compared with."""
        self._decimal_variable, self._decimal_settings = _decimal_of(self.pristine)
        self.new = self.pristine.copy if self._decimal_variable is None else self._new_with_decimal
        """Returns a context for one call."""

    @property
    def shareable(self):
        """Whether a context whose variables are still those of ``pristine`` can serve another call."""
        return self._decimal_variable is None

    def _new_with_decimal(self):
        # The settings of `decimal` are an object that calls change in place. A copy of the variable alone would share it.
        context = self.pristine.copy()
        context.run(self._decimal_variable.set, self._decimal_settings.copy())
        return context


def _decimal_of(context):
    """The variable of ``decimal`` and a copy of its settings, if the import made any."""
    kind = getattr(sys.modules.get("decimal"), "Context", None)
    if isinstance(kind, type):
        for variable, value in context.items():
            if variable.name == "decimal_context" and isinstance(value, kind):
                return variable, value.copy()
    return None, None


def samples():
    """Contexts, each followed by the address of its variables; empty where CPython does not tell."""
    variable = ContextVar("fidius.sample")
    empty, changed = Context(), Context()
    changed.run(variable.set, 1)
    before = _variables_of(changed)
    copy = changed.copy()
    changed.run(variable.set, 2)
    if before is None or before is _variables_of(changed) or before is not _variables_of(copy):
        return []
    found = []
    for context in (empty, changed, copy):
        found += [context, id(_variables_of(context))]
    return found


def _variables_of(context):
    referents = gc.get_referents(context)
    return referents[0] if len(referents) == 1 else None

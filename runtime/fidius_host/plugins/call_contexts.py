"""The contexts of a plugin's calls: settings that its module makes during its import apply to each of its calls.

``decimal``, numpy 2 and every ``contextvars.ContextVar`` keep their settings in the current ``contextvars.Context``. By
default each thread has its own: settings made by the importing thread would be missing on all other threads, and
settings made by a call would apply to the next call on that thread, of any plugin.
"""

import gc
import sys
from _contextvars import Context, ContextVar, copy_context

__all__ = ["CallContexts", "Context", "copy_context", "samples"]


class CallContexts:
    """Makes the contexts in which the calls of one plugin run.

    Only one call at a time can enter a ``Context``, so that overlapping calls need one each. To copy a context takes a
    short constant time.
    """

    __slots__ = ("pristine", "new", "_decimal_variable", "_decimal_settings")

    def __init__(self, imported):
        self.pristine = imported.copy()
        """The context after the import.

        It is never entered, and keeps the variables alive that copies are compared with.
        """
        self._decimal_variable, self._decimal_settings = _decimal_of(self.pristine)
        self.new = self.pristine.copy if self._decimal_variable is None else self._new_with_decimal
        """Returns a context for one call."""

    @property
    def shareable(self):
        """Whether a context whose variables are still those of ``pristine`` can serve another call."""
        return self._decimal_variable is None

    def _new_with_decimal(self):
        # Calls change the settings object of `decimal` in place. A copy of the variable alone would share that object.
        context = self.pristine.copy()
        context.run(self._decimal_variable.set, self._decimal_settings.copy())
        return context


def _decimal_of(context):
    """Return the variable of ``decimal`` and a copy of its settings, if the import has set it."""
    kind = getattr(sys.modules.get("decimal"), "Context", None)
    if isinstance(kind, type):
        for variable, value in context.items():
            if variable.name == "decimal_context" and isinstance(value, kind):
                return variable, value.copy()
    return None, None


def samples():
    """Return contexts, each followed by the address of its variables; empty if CPython does not provide it."""
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

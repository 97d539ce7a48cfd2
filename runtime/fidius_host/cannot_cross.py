"""The error for a value that has no exact counterpart in JavaScript."""


class CannotCross(TypeError):
    """A value cannot cross to the host: of a type without counterpart, containing itself, nested without end.

    ``path`` tells where it sits in the whole, in the notation of the host: ``[2].rows["unit price"]``. It is empty for
    the whole itself. ``unawaited`` is the coroutine that was refused, if it was one.
    """

    unawaited = None

    def __init__(self, problem, path="", code="FIDIUS_VALUE_RESULT", hint=None):
        super().__init__(problem)
        self.problem = problem
        self.path = path
        self.code = code
        self.hint = hint

    def __str__(self):
        path = self.path if len(self.path) <= 400 else self.path[:200] + "…" + self.path[-100:]
        return "result%s: %s" % (path, self.problem) if path else self.problem


def type_name(kind):
    """A class as its author would look for it: ``decimal.Decimal``, ``generator``."""
    module = getattr(kind, "__module__", None)
    name = getattr(kind, "__qualname__", "object")
    return name if module in (None, "builtins", "__main__") else "%s.%s" % (module, name)

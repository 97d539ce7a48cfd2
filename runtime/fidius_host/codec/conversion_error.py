"""The error for a value that has no exact counterpart in JavaScript."""


class ConversionError(TypeError):
    """A value cannot be converted for the host: its type has no counterpart, it contains itself, or it is nested too
    deeply.

    ``path`` is the position within the result, in the notation of the host: ``[2].rows["unit price"]``. It is empty for
    the result itself. ``unawaited`` is the value if it is a coroutine.
    """

    unawaited = None
    item = None
    """The position of the item within the stream that the method returns."""

    def __init__(self, problem, path="", code="FIDIUS_VALUE_RESULT", hint=None):
        super().__init__(problem)
        self.problem = problem
        self.path = path
        self.code = code
        self.hint = hint

    def __str__(self):
        path = self.path if len(self.path) <= 400 else self.path[:200] + "…" + self.path[-100:]
        if self.item is not None:
            return "item %d%s: %s" % (self.item, path, self.problem)
        return "result%s: %s" % (path, self.problem) if path else self.problem


def type_name(kind):
    """Return the name of a class for messages: ``decimal.Decimal``, ``generator``."""
    module, name = class_module(kind), type.__dict__["__qualname__"].__get__(kind)
    return name if module in (None, "builtins", "__main__") else "%s.%s" % (module, name)


# The following functions use descriptors of `type` and not attributes of the class: a metaclass may define any
# attribute.


def class_name(kind):
    """Return ``__name__`` of a class."""
    return type.__dict__["__name__"].__get__(kind)


def class_module(kind):
    """Return ``__module__`` of a class; ``None`` if it is not a ``str``."""
    module = type.__getattribute__(kind, "__dict__").get("__module__")
    if module is None:  # a class written in C
        module = type.__dict__["__module__"].__get__(kind)
    return module if isinstance(module, str) else None


def has_attribute(kind, name):
    """Tell whether a class or one of its parents defines an attribute."""
    return any(name in type.__getattribute__(each, "__dict__") for each in type.__getattribute__(kind, "__mro__"))

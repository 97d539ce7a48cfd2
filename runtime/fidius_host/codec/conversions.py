"""Converts objects that JavaScript does not know into plain values.

No module is imported to recognise an object: if the module of a class is not imported, there are no instances of it.
"""

import sys

from . import buffers
from .conversion_error import ConversionError, has_attribute, type_name
from .pickle_globals import array, missing, ndarray, plain

_KEPT_RULES = 512
"""Maximum number of cached classes, because a plugin may make a class per call."""

_rules = {}


def reduction(value):
    """Return ``(function, arguments)`` for a value, as ``__reduce__`` does; ``function`` is one of ``pickle_globals``.

    The arguments may hold further objects that need a conversion. Raises ``ConversionError`` for a value that
    docs/reference/values.md does not list.
    """
    kind = type(value)
    rule = _rules.get(kind)
    if rule is None:
        rule = _find_rule(kind)
        if len(_rules) >= _KEPT_RULES:
            _rules.clear()
        _rules[kind] = rule
    return rule(value)


def reducer(value):
    """Implement ``Pickler.reducer_override``, which is also called for the functions of a reduction."""
    if value is plain or value is array or value is ndarray or value is missing:
        return NotImplemented
    return reduction(value)


def _find_rule(kind):
    for condition, make_rule in _TABLE:
        if condition(kind):
            return make_rule(kind)
    return _buffer_or_refusal


def _subclass_of(*parents):
    return lambda kind: issubclass(kind, parents)


def _imported(module, name):
    """Return a condition for subclasses of a class whose module may not be imported."""

    def condition(kind):
        parent = getattr(sys.modules.get(module), name, None)
        return isinstance(parent, type) and issubclass(kind, parent)

    return condition


def _has(attribute):
    return lambda kind: has_attribute(kind, attribute)


def _as(convert):
    return lambda kind: lambda value: (plain, (convert(value),))


def _missing(name):
    return lambda kind: lambda value: (missing, (name,))


def _by(reduce):
    return lambda kind: reduce


def _dataclass(kind):
    return _fields([field.name for field in sys.modules["dataclasses"].fields(kind)])


def _attrs(kind):
    return _fields([field.name for field in kind.__attrs_attrs__])


def _fields(names):
    return lambda value: (plain, ({name: getattr(value, name) for name in names},))


def _model_fields(value):
    # As the model itself reports them: by field name, without excluded fields and with computed ones.
    return value.model_dump() if has_attribute(type(value), "model_dump") else value.dict()


def _buffer_or_refusal(value):
    return buffers.exported_buffer(value) or _refuse(value)


def _refuse(value):
    name = type_name(type(value))
    error = ConversionError("%s has no counterpart in JavaScript" % name, hint=_HINTS.get(name, _GENERAL_HINT))
    if name == "coroutine":
        error.unawaited = value
    raise error


_GENERAL_HINT = "Return plain values: numbers, text, bytes, lists, dicts, dataclasses."
_HINTS = {
    "generator": "Declare the method as a stream, or return list(...).",
    "async_generator": "Declare the method as a stream, or collect its items first.",
    "coroutine": "Await it before returning; call an `async def` through `client`, with the executor \"thread\".",
    "complex": "Return [value.real, value.imag].",
    "datetime.timedelta": "Return value.total_seconds().",
    "datetime.time": "Return str(value).",
    "range": "Return list(value).",
}

# The first condition that is true decides. An Enum may be an int or a str, too; NaT is a datetime; a datetime64 is a
# numpy scalar; and a subclass of a built-in type is converted as that type, as in the Rust host.
_TABLE = (
    (_imported("enum", "Enum"), _as(lambda value: value.value)),
    (_subclass_of(str), _as(str.__str__)),
    (_subclass_of(int), _as(int.__int__)),
    (_subclass_of(float), _as(float.__float__)),
    (_subclass_of(bytes, bytearray), _as(lambda value: memoryview(value).tobytes())),
    (_subclass_of(list), _as(list)),
    (_subclass_of(tuple), _as(tuple)),
    (_subclass_of(dict), _as(dict)),
    (_subclass_of(set, frozenset), _as(set)),
    (_imported("numpy", "ndarray"), _by(buffers.numpy_array)),
    (_imported("numpy", "generic"), _by(buffers.numpy_scalar)),
    (_imported("pandas._libs.tslibs.nattype", "NaTType"), _missing("NaT")),
    (_imported("pandas._libs.missing", "NAType"), _missing("pandas.NA")),
    (_imported("datetime", "date"), _as(str)),
    (_imported("decimal", "Decimal"), _as(str)),
    (_imported("uuid", "UUID"), _as(str)),
    (_imported("pathlib", "PurePath"), _as(str)),
    (_imported("pydantic", "BaseModel"), _as(_model_fields)),
    (_has("__dataclass_fields__"), _dataclass),
    (_has("__attrs_attrs__"), _attrs),
)

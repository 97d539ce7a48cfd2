"""From objects that JavaScript does not know to plain values that it does.

Nothing is imported to recognise an object: if the module of its class is not imported, it is no such object.
"""

import sys

from . import buffers
from .conversion_error import CannotCross, has_attribute, type_name
from .pickle_globals import array, missing, ndarray, plain

_KEPT_RULES = 512
"""So many classes are remembered; a plugin that makes a class per call must not fill the memory."""

_rules = {}


def reduction(value):
    """Return ``(function, arguments)``: the function of ``crossing`` that stands for the value, as ``__reduce__`` does.

    The arguments may hold further objects without counterpart. Raises ``CannotCross`` for a value that is none of
    those listed in docs/reference/values.md.
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
    """Do what ``Pickler.reducer_override`` must do: the pickler asks about the functions of a reduction as well."""
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
    """A condition: a subclass of a class of a module that may not be imported at all."""

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
    # What the model itself says it is made of: aliases aside, with excluded fields left out and computed ones put in.
    return value.model_dump() if has_attribute(type(value), "model_dump") else value.dict()


def _buffer_or_refusal(value):
    return buffers.exported_buffer(value) or _refuse(value)


def _refuse(value):
    name = type_name(type(value))
    error = CannotCross("%s has no counterpart in JavaScript" % name, hint=_HINTS.get(name, _GENERAL_HINT))
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

# The first condition that holds decides. An Enum may be an int or a str as well; NaT is a datetime; a datetime64 is a
# numpy scalar; and a subclass of a built-in type is that type, whatever else it was made into, as for the Rust host.
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

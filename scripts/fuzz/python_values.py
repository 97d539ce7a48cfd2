"""Print, in hexadecimal digits, values of every kind as the runtime encodes them. Started by ``scripts/fuzz``."""

import array
import dataclasses
import enum
import sys

sys.path.insert(0, sys.argv[1])
from fidius_host import values  # noqa: E402


class Color(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: float
    y: object = None


shared = ["shared"]
scalars = [None, True, False, 0, 300, 70_000, -5, 2**40, -(2**70), 0.5, 3.0, "", "text", "näive 😀", "long" * 100]
data = [b"bytes", b"x" * 300, bytearray(b"ab"), array.array("d", [1, 2]), memoryview(bytes(6)).cast("B", (2, 3))]
containers = [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1], [1, 2], {}, {"a": 1}, {1: 2, "b": 3}, set(), {1, 2}]
objects = [frozenset({3}), shared, shared, Color.RED, Point(1.5, [shared]), {"__proto__": 1}]
error = {"kind": "other", "name": "Error", "message": "x", "stack": None, "cause": None}
errors = [error, {**error, "kind": "fidius", "code": "FIDIUS_WIRE_CORRUPT", "hint": None, "fields": {}, "cause": error}]
plugin = {"kind": "plugin", "code": "X", "message": "x", "details": {"a": [1]}, "pythonType": "ValueError", "hint": None}
errors.append({**plugin, "traceback": "", "plugin": "p", "method": "m"})

for value in [scalars + data + containers + objects, *errors]:
    print(bytes(values.encode(value)).hex())

"""Print, in hexadecimal digits, values of every kind as the runtime encodes them. Started by ``scripts/fuzz``."""

import array
import dataclasses
import enum
import sys

sys.path.insert(0, sys.argv[1])
from fidius_host import codec  # noqa: E402


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

for value in [scalars + data + containers + objects, scalars]:
    print(bytes(codec.encode(value)).hex())

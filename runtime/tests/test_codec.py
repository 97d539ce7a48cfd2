import dataclasses
import enum
import subprocess
import sys
import types
import unittest
import warnings
from unittest import mock

from fidius_host import codec
from fidius_host.codec import conversions, pickle_globals, slow_encoder


@dataclasses.dataclass
class Node:
    next: object = None


def round_trip(value):
    return codec.decode(codec.encode(value))


class EncodeTest(unittest.TestCase):
    def test_writes_plain_values_that_decode_to_the_same(self):
        value = {"a": [1, 2.5, None, True, "ä", b"b", (1,), {2}, frozenset({3}), {1: 2}, -(2**200)]}

        self.assertEqual(round_trip(value), value)

    def test_writes_the_same_after_a_value_that_failed(self):
        for failing in (object(), [Node(1j)], nested(5000, lambda value: [value or 1j])):
            with self.assertRaises(codec.ConversionError):
                codec.encode(failing)

        self.assertEqual(round_trip(["fine"]), ["fine"])

    def test_may_be_called_by_a_conversion(self):
        class Nested:
            __dataclass_fields__ = Node.__dataclass_fields__

            @property
            def next(self):
                return round_trip([Node(Node(1))])

        self.assertEqual(round_trip([Nested(), Nested()]), [{"next": [{"next": {"next": 1}}]}] * 2)

    def test_writes_the_same_after_a_large_value(self):
        large = [str(number) for number in range(50_000)]

        self.assertEqual(round_trip(large), large)
        self.assertEqual(round_trip(["small"]), ["small"])

    def test_keeps_no_reference_to_an_encoded_value(self):
        node = Node([1])
        before = sys.getrefcount(node), sys.getrefcount(node.next)

        codec.encode([node])

        self.assertEqual((sys.getrefcount(node), sys.getrefcount(node.next)), before)

    def test_lets_an_interruption_through(self):
        class Interrupted:
            __dataclass_fields__ = Node.__dataclass_fields__

            @property
            def next(self):
                raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            codec.encode(Interrupted())
        self.assertEqual(round_trip(1), 1)

    def test_names_the_exception_of_a_conversion_and_keeps_it_as_the_cause(self):
        class Failing:
            __dataclass_fields__ = Node.__dataclass_fields__

            @property
            def next(self):
                raise LookupError("not there")

        with self.assertRaises(codec.ConversionError) as caught:
            codec.encode({"a": [Failing()]})

        self.assertEqual(str(caught.exception), "result.a[0]: LookupError while it was read: not there")
        self.assertIsInstance(caught.exception.__cause__, LookupError)

    def test_takes_large_bytes_as_they_are(self):
        data = bytes(200_000)

        self.assertEqual(round_trip([data, bytearray(data)]), [data, bytearray(data)])


class ConversionsTest(unittest.TestCase):
    def test_remember_a_bounded_number_of_classes(self):
        for number in range(2000):
            codec.encode(enum.Enum("E%d" % number, "MEMBER").MEMBER)

        self.assertLessEqual(len(conversions._rules), conversions._KEPT_RULES)

    def test_do_not_import_modules_of_possible_values(self):
        program = (
            "import sys; from fidius_host import codec\n"
            "try: codec.encode(object())\n"
            "except codec.ConversionError: pass\n"
            "print([name for name in ('numpy', 'datetime', 'decimal', 'enum', 'dataclasses', 'json', 'pickle', 're')"
            " if name in sys.modules])"
        )
        # Without site, which may import anything.
        printed = subprocess.run(
            [sys.executable, "-S", "-c", program], stdout=subprocess.PIPE, check=True, universal_newlines=True
        )

        self.assertEqual(printed.stdout.strip(), "[]")

    def test_are_not_imported_for_plain_values(self):
        program = (
            "import sys; from fidius_host import codec; codec.encode([1, {'a': b''}])\n"
            "print(sorted(name for name in sys.modules if name.startswith('fidius_host')))"
        )
        printed = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)

        self.assertEqual(
            printed.stdout.decode().strip(),
            "['fidius_host', 'fidius_host.codec', 'fidius_host.codec.conversion_error']",
        )

    def test_convert_an_attrs_class_by_its_fields(self):
        attr = needed("attr")
        point = attr.make_class("Point", ["x", "y"])

        self.assertEqual(round_trip([point(1, point(2, 3))]), [{"x": 1, "y": {"x": 2, "y": 3}}])

    def test_convert_a_pydantic_model_by_its_own_dump(self):
        pydantic = needed("pydantic")

        class User(pydantic.BaseModel):
            name: str
            secret: str = pydantic.Field(exclude=True)
            friends: list = []

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            user = User(name="a", secret="s", friends=[User(name="b", secret="t")])

            self.assertEqual(round_trip([user]), [{"name": "a", "friends": [{"name": "b", "friends": []}]}])

    def test_convert_an_old_pydantic_model_by_its_own_dict(self):
        pydantic = types.ModuleType("pydantic")
        pydantic.BaseModel = type("BaseModel", (), {"dict": lambda self: {"old": True}})
        user = type("User", (pydantic.BaseModel,), {})()

        with mock.patch.dict(sys.modules, pydantic=pydantic):
            self.assertEqual(round_trip([user]), [{"old": True}])


class NumpyTest(unittest.TestCase):
    def setUp(self):
        self.numpy = needed("numpy")

    def expect(self, value, function, arguments):
        got, (*rest, data) = conversions.reduction(value)
        self.assertEqual((got, *rest, bytes(data)), (function, *arguments[:-1], arguments[-1].tobytes()))
        self.assertEqual(codec.encode(value)[-1:], b".")

    def test_scalars_become_plain(self):
        numpy = self.numpy
        cases = [
            (numpy.int8(-1), -1),
            (numpy.uint64(2**64 - 1), 2**64 - 1),
            (numpy.float16(0.5), 0.5),
            (numpy.float32(0.1), float(numpy.float32(0.1))),
            (numpy.float64(0.1), 0.1),
            (numpy.bool_(True), True),
            (numpy.str_("a"), "a"),
            (numpy.bytes_(b"a"), b"a"),
            (numpy.datetime64("2024-02-29"), "2024-02-29"),
        ]
        for value, expected in cases:
            with self.subTest(type(value)):
                got = round_trip(value)

                self.assertEqual(got, expected)
                self.assertIs(type(got), type(expected))

    def test_one_dimensional_arrays_become_typed_arrays(self):
        for dtype in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"):
            with self.subTest(dtype):
                value = self.numpy.array([0, 1, 100], dtype)

                self.expect(value, pickle_globals.array, (dtype, value))

    def test_other_arrays_keep_their_shape(self):
        value = self.numpy.arange(6, dtype="float64").reshape(2, 3)

        self.expect(value, pickle_globals.ndarray, ("float64", (2, 3), value))
        self.expect(value.T, pickle_globals.ndarray, ("float64", (3, 2), value.T.copy(order="C")))
        self.expect(self.numpy.array(1.5), pickle_globals.ndarray, ("float64", (), self.numpy.array(1.5)))
        self.expect(value > 2, pickle_globals.ndarray, ("bool", (2, 3), value > 2))

    def test_slices_half_floats_and_foreign_byte_orders_are_converted(self):
        numpy = self.numpy
        value = numpy.arange(6, dtype=">i4")[::2]

        self.expect(value, pickle_globals.array, ("int32", numpy.array([0, 2, 4], "int32")))
        self.expect(numpy.array([0.5], "float16"), pickle_globals.array, ("float32", numpy.array([0.5], "float32")))

    def test_a_one_dimensional_array_of_booleans_becomes_a_list(self):
        self.assertEqual(round_trip(self.numpy.array([True, False])), [True, False])

    def test_values_without_counterpart_are_rejected(self):
        numpy = self.numpy
        refused = [
            numpy.array([1j]),
            numpy.array(["a"]),
            numpy.array([object()]),
            numpy.array(["2024"], "datetime64[s]"),
            numpy.zeros(1, [("a", "i4")]),
            numpy.ma.array([1], mask=[True]),
            numpy.complex128(1j),
            numpy.timedelta64(1, "s"),
            numpy.zeros(1, [("a", "i4")])[0],
        ]
        if numpy.dtype(numpy.longdouble).itemsize > 8:
            refused += [numpy.longdouble(1), numpy.array([1], numpy.longdouble)]
        for value in refused:
            with self.subTest(repr(value)):
                with self.assertRaises(codec.ConversionError):
                    codec.encode([value])


class DeepTest(unittest.TestCase):
    def test_rejects_an_object_that_creates_parts_without_end(self):
        class Endless:
            __dataclass_fields__ = Node.__dataclass_fields__

            @property
            def next(self):
                return Endless()

        with mock.patch.object(slow_encoder, "MAX_DEPTH", 3000):
            with self.assertRaises(codec.ConversionError) as caught:
                codec.encode(Endless())

        self.assertEqual(caught.exception.problem, "it is nested deeper than 3000 levels")
        self.assertEqual(caught.exception.path, ".next" * 3000)
        self.assertLess(len(str(caught.exception)), 500)

    def test_writes_a_shared_object_once(self):
        shared = [0]
        for _ in range(100):
            shared = [shared, shared]

        value = codec.decode(slow_encoder.encode(shared))

        self.assertIs(value[0], value[1])

    def test_writes_buffers_as_the_pickler_does(self):
        value = [memoryview(bytes(8)).cast("d"), memoryview(bytes(8)).cast("B", (2, 4))]

        self.assertEqual(codec.decode(slow_encoder.encode(value)), value)


def nested(depth, wrap):
    value = None
    for _ in range(depth):
        value = wrap(value)
    return value


def needed(module):
    """Return a module, or skip the test if it is not installed."""
    try:
        return __import__(module)
    except ImportError:
        raise unittest.SkipTest("%s is not installed" % module) from None

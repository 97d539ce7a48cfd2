"""Reads the interface of a plugin from the annotations of its module, without running it.

``main`` prints JSON: ``{doc, hash, config, methods, problems}``. A type is a list: its kind, then its parts.
"""

import ast
import json
import sys

from .imports import foreign_files

SIMPLE = {
    "bool": ["bool"],
    "bytes": ["bytes"],
    "float": ["f64"],
    "int": ["i64"],
    "str": ["string"],
    "datetime.date": ["date"],
    "datetime.datetime": ["datetime"],
    "decimal.Decimal": ["decimal"],
    "typing.Any": ["any"],
    "uuid.UUID": ["uuid"],
    "object": ["any"],
}
LISTS = {"list", "typing.List", "collections.abc.Sequence", "typing.Sequence"}
DICTS = {"dict", "typing.Dict", "collections.abc.Mapping", "typing.Mapping"}
TUPLES = {"tuple", "typing.Tuple"}
STREAMS = {
    prefix + name
    for prefix in ("typing.", "collections.abc.")
    for name in ("Iterator", "Iterable", "Generator", "AsyncIterator", "AsyncIterable", "AsyncGenerator")
}
WRAPPERS = {"typing.Annotated", "typing.NotRequired", "typing.Required", "typing.Final", "typing.ClassVar"}
SIZES = {"i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "int53", "uint53", "f32", "f64"}
"""What ``Annotated[int, "u32"]`` may name."""

BUILTINS = {"bool", "bytes", "dict", "float", "int", "list", "object", "str", "tuple"}


class Unreadable(Exception):
    def __init__(self, node, message, hint):
        super().__init__(message)
        self.line = getattr(node, "lineno", 0)
        self.hint = hint


class Reader:
    def __init__(self, source):
        self.tree = ast.parse(source)
        self.names = {}
        """Dotted names of what is imported, by local name."""
        self.classes, self.aliases, self.functions = {}, {}, []
        self.has_star = False
        self.is_stub = "Made by `fidius stub`" in (ast.get_docstring(self.tree) or "")
        self.problems = []
        self._open = []
        """Names of the classes that are being read."""
        for node in self.tree.body:
            self._collect(node)

    def _collect(self, node):
        if isinstance(node, ast.Import):
            for each in node.names:
                self.names[each.asname or each.name.partition(".")[0]] = each.name if each.asname else each.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                if each.name == "*":
                    self.has_star = True
                else:
                    self.names[each.asname or each.name] = "%s.%s" % (node.module, each.name)
        elif isinstance(node, ast.ClassDef):
            self.classes[node.name] = node
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self.functions.append(node)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.aliases[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
            self.aliases[node.target.id] = node.value
        elif isinstance(node, (ast.If, ast.Try)):
            for each in ast.iter_child_nodes(node):
                self._collect(each)

    # the module

    def read(self):
        configure = next((each for each in self.functions if each.name == "__fidius_configure__"), None)
        config = None
        functions = self.functions
        is_method = False
        if configure is not None:
            config, functions = self._configured(configure)
            is_method = True
        marked = [each for each in functions if self._is_marked(each)]
        chosen = marked or [each for each in functions if not each.name.startswith("_")]
        methods, seen = [], {}
        for function in chosen:
            if function.name in seen:
                self._note(Unreadable(
                    function,
                    "%s() is defined twice, also in line %d" % (function.name, seen[function.name]),
                    "Rename one of them.",
                ))
                continue
            seen[function.name] = function.lineno
            method = self._attempt(lambda: self._method(function, is_method))
            if method is not None:
                methods.append(method)
        if not chosen:
            self._note(Unreadable(self.tree, "the module has no functions that a host can call", "Define a function."))
        return {
            "doc": ast.get_docstring(self.tree),
            "hash": self._hash(),
            "config": config,
            "methods": methods,
            "problems": self.problems,
        }

    def _configured(self, configure):
        parameters = configure.args.args
        config = None
        if parameters and parameters[0].annotation is not None:
            config = self._attempt(lambda: self.type_of(parameters[0].annotation))
        else:
            self._note(Unreadable(configure, "__fidius_configure__() has no annotation of its parameter", "Annotate it."))
        returned = configure.returns
        name = returned.id if isinstance(returned, ast.Name) else getattr(returned, "value", None)
        owner = self.classes.get(name)
        if owner is None:
            self._note(Unreadable(
                configure,
                "__fidius_configure__() does not say which class of the module it returns",
                "Annotate its result with the class that has the methods.",
            ))
            return config, []
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return config, [each for each in owner.body if isinstance(each, kinds)]

    def _is_marked(self, function):
        return any(self._dotted(each) == "fidius.method" for each in function.decorator_list)

    def _hash(self):
        value = self.aliases.get("__interface_hash__")
        return str(value.value) if isinstance(value, ast.Constant) and type(value.value) is int else None

    def _method(self, function, is_method):
        arguments = function.args
        positional = arguments.posonlyargs + arguments.args
        if is_method:
            positional = positional[1:]
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                raise Unreadable(extra, "%s() takes any number of arguments" % function.name, "Declare each of them.")
        defaults = arguments.kw_defaults
        for each, default in zip(arguments.kwonlyargs, defaults):
            if default is None:
                raise Unreadable(
                    each,
                    "%s() requires %s by keyword, and a host passes arguments by position" % (function.name, each.arg),
                    "Remove the `*` before it, or give it a default.",
                )
        doc, docs = split_docs(ast.get_docstring(function))
        parameters = []
        for each in positional:
            if each.annotation is None:
                raise Unreadable(each, "%s(): %s has no annotation" % (function.name, each.arg), "Annotate it.")
            parameters.append({"name": each.arg, "type": self.type_of(each.annotation, True), "doc": docs.get(each.arg)})
        if function.returns is None:
            raise Unreadable(function, "%s() has no annotation of its result" % function.name, "Write `-> None` for none.")
        returns = self.type_of(function.returns, True)
        if any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in own_nodes(function)) and returns[0] != "stream":
            raise Unreadable(
                function,
                "%s() is a generator, and its annotation is none" % function.name,
                "Annotate it with `Iterator[...]`.",
            )
        return {"name": function.name, "line": function.lineno, "doc": doc, "arguments": parameters, "returns": returns}

    # types

    def type_of(self, node, may_stream=False):
        if isinstance(node, ast.Constant):
            if node.value is None:
                return ["unit"]
            if isinstance(node.value, str):
                try:
                    inner = ast.parse(node.value, mode="eval").body
                except SyntaxError:
                    raise Unreadable(node, "the annotation %r is not an expression" % node.value, "Correct it.") from None
                return self.type_of(ast.copy_location(inner, node), may_stream)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._union(node, self._alternatives(node))
        if isinstance(node, ast.Subscript):
            return self._generic(node, may_stream)
        dotted = self._dotted(node)
        if dotted in SIMPLE:
            return SIMPLE[dotted]
        if dotted in LISTS:
            return ["list", ["any"]]
        if dotted in DICTS:
            return ["map", ["string"], ["any"]]
        if isinstance(node, ast.Name):
            if node.id in self.classes:
                return self._class(node.id)
            if node.id in self.aliases:
                return self._named(node.id, self.aliases[node.id])
        raise self._unknown(node, dotted)

    def _generic(self, node, may_stream):
        dotted = self._dotted(node.value)
        index = node.slice.value if type(node.slice).__name__ == "Index" else node.slice
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        if dotted in STREAMS:
            if may_stream:
                return ["stream", self.type_of(parts[0])]
            raise Unreadable(node, "a stream is part of another type", "Take or return the stream itself.")
        if dotted in LISTS:
            return ["list", self.type_of(parts[0])]
        if dotted in DICTS and len(parts) == 2:
            return ["map", self.type_of(parts[0]), self.type_of(parts[1])]
        if dotted in TUPLES:
            if len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is Ellipsis:
                return ["list", self.type_of(parts[0])]
            return ["tuple", [self.type_of(each) for each in parts]]
        if dotted == "typing.Optional":
            return ["option", self.type_of(parts[0])]
        if dotted == "typing.Union":
            return self._union(node, parts)
        if dotted == "typing.Literal":
            return self._literal(node, parts)
        if dotted in WRAPPERS:
            size = next((each.value for each in parts[1:] if isinstance(each, ast.Constant) and each.value in SIZES), None)
            return [size] if size is not None else self.type_of(parts[0], may_stream)
        raise self._unknown(node, dotted)

    def _alternatives(self, node):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._alternatives(node.left) + self._alternatives(node.right)
        return [node]

    def _union(self, node, parts):
        others = [each for each in parts if not (isinstance(each, ast.Constant) and each.value is None)]
        if len(others) == 1:
            inner = self.type_of(others[0])
            return ["option", inner] if len(parts) > 1 else inner
        raise Unreadable(
            node,
            "a union of several types has no counterpart: %s" % ast.unparse(node),
            "Use one type, `Optional[...]`, or a dataclass with optional fields.",
        )

    def _literal(self, node, parts):
        values = [each.value for each in parts if isinstance(each, ast.Constant)]
        if len(values) == len(parts) and all(type(each) is str for each in values):
            return ["enum", None, values]
        raise Unreadable(node, "a Literal of other values than text has no counterpart", "Use text, or `int`.")

    def _named(self, name, value):
        found = self.type_of(value)
        if found[0] == "enum" and found[1] is None:
            return ["enum", name, found[2]]
        # The form in which a plugin receives an enum, as `fidius stub` writes it.
        if found[0] == "map" and found[1][0] == "enum" and found[2] == ["unit"]:
            return ["enum", self._struct_name(name), found[1][2]]
        return found

    def _class(self, name):
        node = self.classes[name]
        if name in self._open:
            raise Unreadable(node, "%s contains itself: %s" % (name, " -> ".join(self._open + [name])), "Break the circle.")
        bases = [self._dotted(each) for each in node.bases]
        if any(base in ("enum.Enum", "enum.StrEnum", "enum.IntEnum") for base in bases):
            raise Unreadable(node, "the class %s is an enum, which has no exact counterpart" % name, "Use `Literal[...]`.")
        decorators = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
        is_struct = any(self._dotted(each) in ("dataclasses.dataclass", "attr.define", "attrs.define") for each in decorators)
        if not is_struct and not any(
            base in ("typing.TypedDict", "typing_extensions.TypedDict", "pydantic.BaseModel") for base in bases
        ):
            raise Unreadable(
                node,
                "the class %s is not a dataclass, a TypedDict or a pydantic model" % name,
                "Make it a dataclass, or use `Any`.",
            )
        self._open.append(name)
        try:
            fields = [
                [each.target.id, self.type_of(each.annotation)]
                for each in node.body
                if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
            ]
        finally:
            self._open.pop()
        return ["struct", self._struct_name(name), fields, ast.get_docstring(node)]

    def _struct_name(self, name):
        """``RowDict`` is the form in which a plugin receives the struct ``Row``, as ``fidius stub`` writes it."""
        return name[: -len("Dict")] if self.is_stub and name.endswith("Dict") and len(name) > 4 else name

    def _unknown(self, node, dotted):
        text = ast.unparse(node)
        if dotted == "memoryview":
            return Unreadable(node, "memoryview does not say what it contains", "Declare it in TypeScript with t.ndarray().")
        why = " (the module imports * from another one, which is not read)" if self.has_star else ""
        return Unreadable(node, "the type %s has no counterpart%s" % (text, why), "Use a type that the page `An interface from Python` of the documentation lists.")

    def _dotted(self, node):
        if isinstance(node, ast.Name):
            if node.id in self.names:
                return self.names[node.id]
            return node.id if node.id in BUILTINS or node.id == "memoryview" else None
        if isinstance(node, ast.Attribute):
            base = self._dotted(node.value)
            return None if base is None else "%s.%s" % (base, node.attr)
        return None

    def _attempt(self, body):
        try:
            return body()
        except Unreadable as problem:
            self._note(problem)
            return None

    def _note(self, problem):
        self.problems.append({"line": problem.line, "message": str(problem), "hint": problem.hint})


def own_nodes(function):
    """Yield the nodes of a function without those of functions inside of it."""
    pending = list(ast.iter_child_nodes(function))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            pending.extend(ast.iter_child_nodes(node))


def split_docs(text):
    """Return the documentation of a function without its section ``Args:``, and the entries of that by name."""
    if text is None:
        return None, {}
    before, found, section = text.partition("Args:\n")
    if not found or (before and not before.endswith("\n")):
        return text, {}
    docs, name = {}, None
    lines = section.split("\n")
    for line in lines:
        if line.startswith("        ") and name is not None:
            docs[name] += "\n" + line.strip()
        elif line.startswith("    ") and ":" in line:
            name, _, rest = line.strip().partition(":")
            docs[name] = rest.strip()
        elif line.strip():
            return text, {}  # another section follows
    return before.rstrip() or None, docs


def main(path):
    try:
        with foreign_files.open_foreign(path) as file:
            outcome = Reader(file.read()).read()
    except (OSError, RecursionError, SyntaxError, ValueError) as error:
        message = "not valid Python: %s" % error.msg if isinstance(error, SyntaxError) else "cannot be read: %s" % error
        problem = {"line": getattr(error, "lineno", None) or 0, "message": message, "hint": "Correct the file."}
        outcome = {"doc": None, "hash": None, "config": None, "methods": [], "problems": [problem]}
    sys.stdout.write(json.dumps(outcome))

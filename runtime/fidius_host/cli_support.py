"""Functions for the command line, which calls a method without a host program."""

import ast

from .imports import foreign_files
from .process import standard_streams

_LONGEST_MODULE = 16 << 20


def print_to_stderr():
    """Send what plugins print to standard error, so that standard output has only the result."""
    standard_streams.send_output_to_stderr()


def interface_hash(path):
    """Read the interface hash from the source of a module: ``{python, hash}``.

    The source is parsed and not run, because no code of a plugin may run before the user has chosen its interface.
    ``hash`` is the number that is assigned to ``__interface_hash__``, or ``None``; ``python`` tells whether the file is
    valid Python.
    """
    try:
        with foreign_files.open_foreign(path) as file:
            source = file.read(_LONGEST_MODULE + 1)
        if len(source) > _LONGEST_MODULE:
            raise ValueError("the module is too long")
        body = ast.parse(source).body
    except (MemoryError, OSError, RecursionError, SyntaxError, ValueError):
        return {"python": False, "hash": None}
    values = [statement.value for statement in body if "__interface_hash__" in _assigned_names(statement)]
    number = values[-1].value if values and isinstance(values[-1], ast.Constant) else None
    is_hash = type(number) is int and 0 <= number < 1 << 64
    return {"python": True, "hash": number if is_hash else None}


def _assigned_names(statement):
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    else:
        targets = []
    return [target.id for target in targets if isinstance(target, ast.Name)]

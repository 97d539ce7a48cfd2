"""Give mutated sources to what the runtime reads of a package without running it. Started by ``scripts/fuzz.ts``."""

import os
import random
import resource
import sys
import tempfile
import time
import warnings

runtime, seconds, seed, first, most = sys.argv[1:]
sys.path.insert(0, runtime)
from fidius_host import cli_support  # noqa: E402
from fidius_host.imports import modules  # noqa: E402

warnings.simplefilter("ignore")
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, resource.getrlimit(resource.RLIMIT_AS)[1]))

SAMPLE = b'''"""text"""
import os, sys
__interface_hash__ = 0x1234
__interface_hash__: int = 42
def f(a, *, b=1):
    return f"{a!r:>{b}}" if a else [x async for x in y]
class C(metaclass=M): pass
'''
WORDS = [b"(", b"[", b"{", b'f"', b"'''", b"\\", b"\0", b"\xff", b"\xef\xbb\xbf", b"\n", b"\t", b"  ", b"-", b"**", b"not ",
         b"__interface_hash__ = ", b"__file__", b"# coding: utf-16\n", b"# coding: rot13\n", b"lambda:", b"9" * 5000, b"1e999"]  # fmt: skip


def mutated(rng):
    data = bytearray(SAMPLE)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0 and at < len(data):
            data[at] = rng.randrange(256)
        elif kind == 1:
            del data[at : at + rng.randrange(20)]
        elif kind == 2:
            data[at:at] = rng.choice(WORDS)
        elif kind == 3:
            data[at:at] = rng.choice(WORDS) * rng.choice([1, 10, 1000, 50_000])
        else:
            data[at:at] = data[at : at + rng.randrange(40)] * rng.choice([1, 10, 1000])
    return bytes(data[: 1 << 19])


def problem_of(path, other):
    start = time.process_time()
    facts = cli_support.interface_hash(path)
    number = facts["hash"]
    if not (number is None or (type(number) is int and 0 <= number < 1 << 64)):
        return f"the hash is {number!r}"
    modules.looks_around(path)
    if not modules.same_code(path, path) or modules.same_code(path, other):
        return "same_code is wrong"
    modules.digest(path)
    took = time.process_time() - start
    return f"took {took:.1f} s" if took > 5 else None


def main():
    end = time.monotonic() + float(seconds)
    index, failures = int(first), 0
    last = index + (1 << 60 if most == "Infinity" else int(most))
    with tempfile.TemporaryDirectory() as folder:
        path, other = os.path.join(folder, "x.py"), os.path.join(folder, "y.py")
        with open(other, "wb") as file:
            file.write(b"\0never a mutated input")
        while index < last and time.monotonic() < end and failures < 5:
            with open(path, "wb") as file:
                file.write(mutated(random.Random(f"{seed} {index}")))
            try:
                problem = problem_of(path, other)
            except BaseException as error:
                problem = repr(error)[:500]
            if problem is not None:
                failures += 1
                print(f"  {problem}; again: npm run fuzz -- 'entry modules' --seed {seed} --from {index} --inputs 1")
            index += 1
    print(f"entry modules: {index - int(first)} inputs, {failures} findings")
    return 1 if failures else 0


sys.exit(main())

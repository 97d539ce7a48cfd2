"""The Python at the other end of the value tests: evaluates expressions, values in and out by the real codec.

Frames: four bytes of length, lowest first, then the data. A question is ``[expression, arguments, slow]``; an answer is
one byte (0: the value follows, 1: what cannot cross follows, 2: the text of an exception follows) and a value.
"""

import struct
import sys

from fidius_host import codec
from fidius_host.codec import slow_encoder

namespace = {"codec": codec, "slow_encoder": slow_encoder}


def answer(question):
    expression, arguments, slow = codec.decode(question)
    try:
        if "\n" in expression:
            exec(expression, namespace)
            result = None
        else:
            result = eval(expression, namespace, {"args": arguments, "arg": arguments[0] if arguments else None})
        return b"\0" + (slow_encoder.encode(result) if slow else codec.encode(result))
    except codec.ConversionError as error:
        return b"\1" + codec.encode([error.code, str(error), error.hint])
    except Exception as error:
        return b"\2" + codec.encode(repr(error))


def main():
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        header = questions.read(4)
        if not header:
            return
        reply = answer(questions.read(*struct.unpack("<I", header)))
        answers.write(struct.pack("<I", len(reply)) + reply)
        answers.flush()


main()

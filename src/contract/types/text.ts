import { createType, type Type } from '../type.ts';
import { badArgument, badResult } from '../type-mismatch.ts';

/** An owned string. */
export const string = textType('String');

/** A borrowed string, as an argument. */
export const str = textType('&str');

function textType(rust: 'String' | '&str'): Type<string> {
  return createType({
    rust,
    shape: { kind: 'string' },
    converter: {
      scalar: { kind: 'str', check: checkText },
      // The writer checks for lone surrogates while it encodes.
      write: (writer, value) => writer.string(checkString(value)),
      read: readString,
    },
  });
}

function checkText(value: unknown): string {
  const text = checkString(value);
  if (!text.isWellFormed()) throw badArgument('a string without lone surrogates', value);
  return text;
}

function checkString(value: unknown): string {
  if (typeof value !== 'string') throw badArgument('a string', value);
  return value;
}

function readString(value: unknown): string {
  if (typeof value !== 'string') throw badResult('a str', value);
  return value;
}

/** One character: a Unicode scalar value, which takes one or two units of a JavaScript string. */
export const char: Type<string> = createType({
  rust: 'char',
  shape: { kind: 'char' },
  converter: {
    scalar: { kind: 'str', check: checkChar },
    write: (writer, value) => writer.string(checkChar(value)),
    read(value) {
      if (typeof value !== 'string' || !isChar(value)) throw badResult('a str of one character', value);
      return value;
    },
  },
});

function checkChar(value: unknown): string {
  if (typeof value !== 'string' || !isChar(value)) throw badArgument('a string of one character', value);
  return value;
}

function isChar(text: string): boolean {
  const length = (text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1;
  return text.length === length && text.isWellFormed();
}

import { types } from 'node:util';
import { writeValue } from './encode.ts';
import type { ScalarKind } from './method-codec.ts';
import type { PickleWriter } from './pickle-writer.ts';
import { inside, ValueProblem } from './value-problem.ts';

/**
 * Writes the arguments of a call without an interface as one tuple, each by the untyped rules.
 *
 * @throws FidiusError `FIDIUS_VALUE_ARGUMENT` or `FIDIUS_VALUE_CYCLE`, naming the place: `arguments[0].rows[3].price`.
 */
export function writeUntypedArguments(writer: PickleWriter, args: readonly unknown[]): void {
  writer.beginTuple();
  for (let index = 0; index < args.length; index += 1) {
    try {
      writeValue(writer, args[index]);
    } catch (error) {
      const located = inside(error, index);
      if (!(located instanceof ValueProblem)) throw located;
      throw located.toFidiusError('arguments', (place) => `Cannot pass ${place} to Python`);
    }
  }
  writer.endTuple();
}

/** The kind under which an untyped value can skip the codec, if there is one. Text is not looked into. */
export function scalarKind(value: unknown): ScalarKind | undefined {
  switch (typeof value) {
    case 'string':
      return 'str';
    case 'number':
      return Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0) ? 'int' : 'float';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'undefined':
      return 'none';
    case 'object':
      if (value === null) return 'none';
      return types.isUint8Array(value) && value.length > 0 ? 'bytes' : undefined;
    case 'function':
    case 'symbol':
      return undefined;
  }
}

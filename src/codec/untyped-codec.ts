import { types } from 'node:util';
import { isIntegralFloat } from './intermediate-values.ts';
import type { MethodCodec, ScalarKind } from './method-codec.ts';
import { decodeValue } from './pickle/decode-value.ts';
import type { DetachedBuffer } from './pickle/unpickler.ts';
import { prependPath, ValueProblem } from './value-problem.ts';
import type { ValueWriter } from './value-writer.ts';
import { writeValue } from './write-value.ts';

/** Values of no declared type, by the rules of docs/reference/values.md. */
class UntypedCodec implements MethodCodec {
  readonly wireRaw = false;

  scalarKinds(args: readonly unknown[]): readonly ScalarKind[] | undefined {
    const kinds: ScalarKind[] = [];
    for (let index = 0; index < args.length; index += 1) {
      const kind = scalarKind(args[index]);
      if (kind === undefined) return undefined;
      kinds.push(kind);
    }
    return kinds;
  }

  checkArguments(args: readonly unknown[]): readonly unknown[] {
    return args;
  }

  writeArguments(writer: ValueWriter, args: readonly unknown[]): void {
    writeUntypedArguments(writer, args);
  }

  readResult(value: unknown): unknown {
    return isIntegralFloat(value) ? value.value : value;
  }

  decodeResult(payload: Uint8Array, _isOwn: boolean, buffers?: readonly DetachedBuffer[]): unknown {
    return decodeValue(payload, undefined, buffers);
  }
}

export const untypedCodec: MethodCodec = new UntypedCodec();

/**
 * Writes the arguments of a call without an interface as one tuple, each by the untyped rules.
 *
 * @throws FidiusError `FIDIUS_VALUE_ARGUMENT` or `FIDIUS_VALUE_CYCLE`, naming the place: `arguments[0].rows[3].price`.
 */
export function writeUntypedArguments(writer: ValueWriter, args: readonly unknown[]): void {
  writer.beginTuple();
  for (let index = 0; index < args.length; index += 1) {
    try {
      writeValue(writer, args[index]);
    } catch (error) {
      const located = prependPath(error, index);
      if (!(located instanceof ValueProblem)) throw located;
      throw located.toFidiusError('arguments', (place) => `Cannot pass ${place} to Python`);
    }
  }
  writer.endTuple();
}

/** The scalar kind of a value, if it can be passed without encoding. Text is not checked for lone surrogates. */
function scalarKind(value: unknown): ScalarKind | undefined {
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

import { FidiusError } from '../errors/fidius-error.ts';
import type { MethodCodec } from '../wire/method-codec.ts';
import { isValueProblem, type ValueProblem } from '../wire/value-problem.ts';
import type { Argument, ReturnType } from './method.ts';
import type { AnyType, Converter } from './type.ts';
import { TypeMismatch } from './type-mismatch.ts';
import { unit } from './types/scalar.ts';
import { isResultType, isStreamType } from './whole-type.ts';

/**
 * How the arguments and the result of a method cross.
 *
 * A stream among the arguments is none of its business: it counts and writes the others. Of a stream that is returned it
 * reads one item.
 */
export function createMethodCodec(method: string, list: readonly Argument[], returns: ReturnType): MethodCodec {
  const converters: Converter[] = [];
  const names: string[] = [];
  for (const { name, type } of list) {
    if (isStreamType(type)) continue;
    names.push(name);
    converters.push(type.converter);
  }
  const scalars = converters.flatMap(({ scalar }) => (scalar === undefined ? [] : [scalar]));
  const allScalar = scalars.length === converters.length;
  const { read } = itemType(returns).converter;

  return {
    argumentKinds: allScalar ? scalars.map(({ kind }) => kind) : undefined,

    checkArguments(args) {
      if (args.length !== names.length) throw wrongCount(method, names, args.length);
      if (!allScalar) return args;
      let at = 0;
      try {
        let checked: unknown[] | undefined;
        for (; at < scalars.length; at += 1) {
          const given = args[at];
          const value = (scalars[at] as (typeof scalars)[number]).check(given);
          if (checked !== undefined) checked[at] = value;
          else if (!Object.is(value, given)) {
            checked = [...args];
            checked[at] = value;
          }
        }
        return checked ?? args;
      } catch (error) {
        throw argumentError(error, method, names[at]);
      }
    },

    writeArguments(writer, args) {
      if (args.length !== names.length) throw wrongCount(method, names, args.length);
      let at = 0;
      try {
        writer.beginTuple();
        for (; at < converters.length; at += 1) (converters[at] as Converter).write(writer, args[at]);
        writer.endTuple();
      } catch (error) {
        throw argumentError(error, method, names[at]);
      }
    },

    readResult(value) {
      try {
        return read(value);
      } catch (error) {
        throw resultError(error, method);
      }
    },
  };
}

/** What comes back from one call, or with one item of a stream. */
function itemType(returns: ReturnType): AnyType {
  if (returns === undefined) return unit;
  if (isStreamType(returns)) return returns.item;
  return isResultType(returns) ? returns.inner : returns;
}

/** What to throw when a method was called with too many or too few arguments. */
export function wrongCount(method: string, names: readonly string[], got: number): FidiusError {
  const count = names.length === 1 ? '1 argument' : `${names.length || 'no'} arguments`;
  const list = names.length === 0 ? '' : ` (${names.join(', ')})`;
  return new FidiusError('FIDIUS_VALUE_ARGUMENT', `${method}() takes ${count}${list}, got ${got}`);
}

function argumentError(error: unknown, method: string, name: string | undefined): unknown {
  if (!isValueProblem(error)) return error;
  return toFidiusError(error, `${method}(): argument "${name}${error.path}"`);
}

function resultError(error: unknown, method: string): unknown {
  if (!isValueProblem(error)) return error;
  return toFidiusError(error, `${method}(): result${error.path}`);
}

function toFidiusError(problem: ValueProblem, subject: string): FidiusError {
  const joint = problem instanceof TypeMismatch ? '' : ':';
  return new FidiusError(problem.code, `${subject}${joint} ${problem.message}`, { hint: problem.hint });
}

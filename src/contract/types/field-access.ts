import { prependPath } from '../../codec/value-problem.ts';
import type { ValueWriter } from '../../codec/value-writer.ts';
import type { Converter } from '../type.ts';
import { setProperty } from './plain-object.ts';

/** Writes and reads the fields of a struct. The field is prepended to the path of a problem. */
interface FieldAccess {
  /** Writes keys and values; returns how many fields of `source` were not `undefined`. */
  write(writer: ValueWriter, source: Readonly<Record<string, unknown>>): number;
  /** A new object with every field, converted. */
  read(source: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

/** Accesses fields by generated code where that is possible, else by name. */
export function createFieldAccess(names: readonly string[], converters: readonly Converter[]): FieldAccess {
  // A name that every object has (`constructor`, `__proto__`) needs a check in addition to `source.name`.
  const ordinary = names.length > 0 && !names.some((name) => name in Object.prototype);
  return (ordinary ? compileFieldAccess(names, converters) : undefined) ?? loopOverFields(names, converters);
}

/**
 * Generates functions that contain the names of the fields.
 *
 * In a loop over names, V8 looks up each property of each object, about 300 ns for a struct of four fields. Generated
 * code takes a tenth of that, and lists of structs are the most frequent results. The names, as JSON strings, are the
 * only part of the text that is not constant.
 *
 * `undefined` where the process forbids generated code (`--disallow-code-generation-from-strings`).
 */
function compileFieldAccess(names: readonly string[], converters: readonly Converter[]): FieldAccess | undefined {
  const quoted = names.map((name) => JSON.stringify(name));
  const writes = quoted.map(
    (name, i) =>
      `at = ${i}; writer.key(${name}); const v${i} = source[${name}]; if (v${i} !== undefined) count++; w${i}(writer, v${i});`,
  );
  const reads = quoted.map((name, i) => `${name}: (at = ${i}, r${i}(source[${name}]))`);
  const text = `
    const [${quoted.map((_, i) => `w${i}`).join()}] = writers, [${quoted.map((_, i) => `r${i}`).join()}] = readers;
    return {
      write(writer, source) {
        let at = 0, count = 0;
        try { ${writes.join(' ')} return count; } catch (error) { throw prependPath(error, names[at]); }
      },
      read(source) {
        let at = 0;
        try { return { ${reads.join(', ')} }; } catch (error) { throw prependPath(error, names[at]); }
      },
    };`;
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- the names are quoted; the comment above states the benefit
    const create = new Function('names', 'writers', 'readers', 'prependPath', text);
    const writers = converters.map((converter) => converter.write);
    const readers = converters.map((converter) => converter.read);
    return create(names, writers, readers, prependPath) as FieldAccess;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

function loopOverFields(names: readonly string[], converters: readonly Converter[]): FieldAccess {
  const fields = names.map((name, index) => ({ name, converter: converters[index] as Converter }));
  return {
    write(writer, source) {
      let count = 0;
      for (const { name, converter } of fields) {
        const value = fieldOf(source, name);
        if (value !== undefined) count += 1;
        try {
          writer.key(name);
          converter.write(writer, value);
        } catch (error) {
          throw prependPath(error, name);
        }
      }
      return count;
    },
    read(source) {
      const result: Record<string, unknown> = {};
      for (const { name, converter } of fields) {
        try {
          setProperty(result, name, converter.read(fieldOf(source, name)));
        } catch (error) {
          throw prependPath(error, name);
        }
      }
      return result;
    },
  };
}

/** An own property, not the one of that name that every object inherits. */
function fieldOf(source: Readonly<Record<string, unknown>>, name: string): unknown {
  return name in Object.prototype && !Object.hasOwn(source, name) ? undefined : source[name];
}

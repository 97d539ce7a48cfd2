import { isMissingValue } from '../../codec/missing-value.ts';
import { type AnyType, createType, type InputOf, type OutputOf, type Type } from '../type.ts';
import { requireType } from './require-type.ts';

/**
 * `Option<T>`: `null` for `None`, in both directions. `undefined` is accepted too, and a field of this type may be
 * omitted.
 */
export function option<T extends AnyType>(inner: T): Type<OutputOf<T> | null, InputOf<T> | null | undefined> {
  const type = requireType(inner, 't.option()');
  const { write, read } = type.converter;
  return createType({
    rust: `Option<${type.rust}>`,
    shape: { kind: 'option', inner: type },
    converter: {
      scalar: undefined,
      write(writer, value) {
        if (value === null || value === undefined) writer.none();
        else write(writer, value);
      },
      // A missing key of a dict is None, as in the Rust host.
      read: (value) => (value === null || value === undefined || isMissingValue(value) ? null : read(value)),
    },
  });
}

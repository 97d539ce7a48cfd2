import { type DecodeOptions, decodeValue } from '../codec/pickle/decode-value.ts';
import { protocolViolation, readUint32 } from './frames.ts';

/** How a payload contains the items of a result stream. */
export const itemForm = {
  /** The payload is one value. */
  one: 0,
  /** It is one list, whose members are the items. */
  scalars: 1,
  /** It is several values, each after its length in four bytes. */
  several: 2,
} as const;

const lengthBytes = 4;

/**
 * Decodes the items of a result stream, and passes them on one by one: those before one that cannot be read, too. Floats without
 * a fraction are `IntegralFloat`.
 *
 * @param position the number of the first one in the stream, from 0, for errors.
 * @throws FidiusError `FIDIUS_WIRE_CORRUPT`, and the codes of `decodeValue`.
 */
export function readItems(
  form: number,
  count: number,
  payload: Uint8Array,
  position: number,
  take: (item: unknown) => void,
): void {
  const found = readForm(form, payload, position, take);
  if (found !== count) throw protocolViolation(`Python sent items of the form ${form} that are not ${count}`);
}

/** @returns the number of items; `undefined` if there is no such form, or the payload does not have it. */
function readForm(
  form: number,
  payload: Uint8Array,
  position: number,
  take: (item: unknown) => void,
): number | undefined {
  let count = 0;
  const options: DecodeOptions = { integralFloats: 'wrapped', name: () => `item ${position + count}` };
  if (form === itemForm.one) {
    take(decodeValue(payload, options));
    return 1;
  }
  if (form === itemForm.scalars) {
    const items = decodeValue(payload, options);
    if (!Array.isArray(items)) return undefined;
    for (const item of items) take(item);
    return items.length;
  }
  if (form !== itemForm.several) return undefined;
  for (let at = 0; at < payload.length; count += 1) {
    if (at + lengthBytes > payload.length) return undefined;
    const end = at + lengthBytes + readUint32(payload, at);
    if (end > payload.length) return undefined;
    take(decodeValue(payload.subarray(at + lengthBytes, end), options));
    at = end;
  }
  return count;
}

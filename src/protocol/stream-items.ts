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

const wrapped: DecodeOptions = { integralFloats: 'wrapped' };
const lengthBytes = 4;

/**
 * Decodes the items of a result stream; floats without a fraction are `IntegralFloat`.
 *
 * @throws FidiusError `FIDIUS_WIRE_CORRUPT`, and the codes of `decodeValue`.
 */
export function readItems(form: number, count: number, payload: Uint8Array): readonly unknown[] {
  const items = readForm(form, payload);
  if (items !== undefined && items.length === count) return items;
  throw protocolViolation(`Python sent items of the form ${form} that are not ${count}`);
}

function readForm(form: number, payload: Uint8Array): readonly unknown[] | undefined {
  if (form === itemForm.one) return [decodeValue(payload, wrapped)];
  if (form === itemForm.scalars) {
    const items = decodeValue(payload, wrapped);
    return Array.isArray(items) ? items : undefined;
  }
  if (form !== itemForm.several) return undefined;
  const items: unknown[] = [];
  for (let at = 0; at < payload.length; ) {
    if (at + lengthBytes > payload.length) return undefined;
    const end = at + lengthBytes + readUint32(payload, at);
    if (end > payload.length) return undefined;
    items.push(decodeValue(payload.subarray(at + lengthBytes, end), wrapped));
    at = end;
  }
  return items;
}

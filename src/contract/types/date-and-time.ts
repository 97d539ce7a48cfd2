import { isDate } from 'node:util/types';
import type { Type } from '../type.ts';
import { badArgument, badResult, TypeMismatch } from '../type-mismatch.ts';
import { textObjectType } from './text-objects.ts';

/** An aware `datetime`: an instant and an offset. A `Date` is one in UTC. */
export const datetime: Type<string, string | Date> = textObjectType({
  shape: { kind: 'datetime', isAware: true },
  check(value) {
    const given = isDate(value) ? isoText(value) : value;
    const found = parseDatetime(given);
    if (found === undefined) throw badArgument(awareArgument, value);
    if (!found.isAware)
      throw badArgument(awareArgument, value, 'Add the offset, "Z" for UTC; or declare t.naiveDatetime.');
    return found.text;
  },
  read(value) {
    const found = parseDatetime(value);
    if (found === undefined) throw badResult(awareResult, value);
    if (!found.isAware) {
      throw badResult(
        awareResult,
        value,
        'Return datetime.now(timezone.utc), for example; or declare t.naiveDatetime.',
      );
    }
    return found.text;
  },
});

/** A naive `datetime`, which has no offset. */
export const naiveDatetime: Type<string> = textObjectType({
  shape: { kind: 'datetime', isAware: false },
  check(value) {
    const found = parseDatetime(value);
    if (found === undefined) {
      throw badArgument(naiveArgument, value, isDate(value) ? 'Declare t.datetime, which takes a Date.' : undefined);
    }
    if (found.isAware) throw badArgument(naiveArgument, value, 'Leave out the offset, or declare t.datetime.');
    return found.text;
  },
  read(value) {
    const found = parseDatetime(value);
    if (found === undefined) throw badResult(naiveResult, value);
    if (found.isAware) throw badResult(naiveResult, value, 'Declare t.datetime, or return value.replace(tzinfo=None).');
    return found.text;
  },
});

/** A `date`: year, month and day. */
export const date: Type<string> = textObjectType({
  shape: { kind: 'date' },
  check(value) {
    if (isDateText(value)) return value;
    const hint = isDate(value) ? 'Pass value.toISOString().slice(0, 10) for the day in UTC.' : undefined;
    throw badArgument('a date as text, such as "2024-05-01"', value, hint);
  },
  read(value) {
    if (isDateText(value)) return value;
    const hint = parseDatetime(value) === undefined ? undefined : 'Return value.date(), or declare t.datetime.';
    throw badResult('a date', value, hint);
  },
});

const precision = 'with at most microseconds';
const awareArgument = `a date and time with its offset, such as "2024-05-01T12:30:00Z", ${precision}, or a Date`;
const awareResult = `an aware datetime ${precision}`;
const naiveArgument = `a date and time without offset, such as "2024-05-01T12:30:00", ${precision}`;
const naiveResult = `a naive datetime ${precision}`;

function isoText(value: Date): string {
  // The built-in methods: a subclass may override them.
  if (Number.isNaN(Date.prototype.getTime.call(value))) {
    throw new TypeMismatch('FIDIUS_VALUE_ARGUMENT', 'must be a valid Date, got an invalid one');
  }
  const text = Date.prototype.toISOString.call(value);
  // Other years have more digits and a sign.
  if (!/^\d{4}-/.test(text) || text.startsWith('0000')) {
    throw new TypeMismatch('FIDIUS_VALUE_ARGUMENT', `must be a Date of the years 1 to 9999, got ${text}`);
  }
  return text;
}

const datetimeForm =
  /^(\d{4}-\d\d-\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d+))?)?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{6})?)?)?$/;

/**
 * Reads the forms of ISO 8601 and RFC 3339 that name a moment completely, and Python's `str()`. The text is that of
 * `isoformat()`, which Python reads since 3.7.
 */
function parseDatetime(value: unknown): { readonly text: string; readonly isAware: boolean } | undefined {
  const parts = typeof value === 'string' ? datetimeForm.exec(value) : null;
  if (parts === null) return undefined;
  const [, day, hour, minute, second = '00', fraction = '', offset = ''] = parts;
  // Zeros beyond microseconds, as numpy and pandas write them, lose nothing.
  if (!isDateText(day) || /[1-9]/.test(fraction.slice(6))) return undefined;
  const micros = /[1-9]/.test(fraction) ? `.${fraction.slice(0, 6).padEnd(6, '0')}` : '';
  const zone = /^(?:z|-00:00)$/i.test(offset) ? '+00:00' : offset;
  return { text: `${day}T${hour}:${minute}:${second}${micros}${zone}`, isAware: zone !== '' };
}

/** Whether the text is a day of the years 1 to 9999, which Python knows. */
function isDateText(value: unknown): value is string {
  const parts = typeof value === 'string' ? /^(\d{4})-(\d\d)-(\d\d)$/.exec(value) : null;
  if (parts === null) return false;
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number];
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 ? (isLeapYear ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  return day <= days;
}

import { describe, expect, it } from 'vitest';
import { FidiusError, isFidiusError } from '../../src/errors/fidius-error.ts';
import { ManifestError } from '../../src/errors/manifest-error.ts';
import { isPluginError, PluginError } from '../../src/errors/plugin-error.ts';
import { encodeValue } from '../../src/wire/encode.ts';
import { fromErrorData, toErrorData } from '../../src/wire/error.ts';
import { failureOf } from '../support/failure.ts';

describe('an error that crosses as plain data', () => {
  it('keeps what a plugin raised', () => {
    const raised = new PluginError(
      { code: 'TOO_LONG', message: 'too long', details: { max: 3 }, pythonType: 'shop.TooLong', traceback: 'Trace…' },
      { plugin: 'shop', method: 'order' },
    );

    const restored = fromErrorData(toErrorData(raised));

    expect(isPluginError(restored)).toBe(true);
    expect(Object.entries(restored)).toEqual(Object.entries(raised));
    expect([restored.name, restored.message]).toEqual(['PluginError', 'too long']);
  });

  it('keeps code, hint, stack, causes and the fields of a subclass', () => {
    const cause = new TypeError('deep down', { cause: new FidiusError('FIDIUS_OPTION_INVALID', 'inner') });
    const thrown = new ManifestError(
      'FIDIUS_MANIFEST_INVALID',
      'package.toml',
      [{ path: '/name', message: 'must be there' }],
      { cause },
    );

    const restored = fromErrorData(toErrorData(thrown)) as ManifestError;

    expect(isFidiusError(restored)).toBe(true);
    expect(Object.entries(restored)).toEqual(Object.entries(thrown));
    expect(restored).toMatchObject({ name: 'ManifestError', message: thrown.message, stack: thrown.stack });
    expect(restored.cause).toMatchObject({ name: 'TypeError', message: 'deep down', stack: cause.stack });
    expect((restored.cause as Error).cause).toMatchObject({ code: 'FIDIUS_OPTION_INVALID', message: 'inner' });
  });

  it('keeps the name and the message of any other error, and says what else was thrown', () => {
    expect(fromErrorData(toErrorData(new RangeError('far')))).toMatchObject({ name: 'RangeError', message: 'far' });
    expect(fromErrorData(toErrorData('text'))).toMatchObject({ name: 'Error', message: '"text" was thrown' });
  });

  it('ends a ring of causes', () => {
    const first = new Error('first');
    const second = new Error('second', { cause: first });
    first.cause = second;

    const bytes = encodeValue(toErrorData(first));

    expect(bytes.length).toBeLessThan(50_000);
  });
});

describe('data with endless causes', () => {
  it('is read as far as anyone would look', () => {
    const outer = toErrorData(new Error('outer'));
    let data: object = outer;
    for (let depth = 0; depth < 50_000; depth += 1) data = { ...outer, cause: data };

    expect(fromErrorData(data)).toMatchObject({ cause: { cause: { message: 'outer' } } });
  });
});

describe('data that tells of no error', () => {
  const other = { kind: 'other', name: 'Error', message: 'm', stack: null, cause: null };
  const own = { ...other, kind: 'fidius', code: 'FIDIUS_OPTION_INVALID', hint: null, fields: {} };

  it.each<[unknown, string]>([
    [null, 'an error that is null'],
    [[other], 'an error that is an array of 1'],
    [{ ...other, kind: 'strange' }, 'an error of the unknown kind "strange"'],
    [{ ...other, message: 1 }, 'an error whose message is 1'],
    [{ ...other, stack: 1 }, 'an error whose stack is 1'],
    [{ ...other, cause: 'x' }, 'an error that is "x"'],
    [{ ...own, code: 'FIDIUS_NO_SUCH' }, 'an error with the unknown code "FIDIUS_NO_SUCH"'],
    [{ ...own, code: 'toString' }, 'an error with the unknown code "toString"'],
    [{ ...own, fields: null }, 'an error whose fields is null'],
    [{ ...own, fields: { stack: 'x' } }, 'an error with the field "stack", which every error has'],
    [{ ...own, fields: JSON.parse('{"__proto__": 1}') }, 'an error with the field "__proto__", which every error has'],
    [{ ...own, kind: 'plugin' }, 'an error whose pythonType is undefined'],
  ])('is refused: %j', async (data, problem) => {
    const error = await failureOf(() => fromErrorData(data));

    expect(error.code).toBe('FIDIUS_WIRE_CORRUPT');
    expect(error.message).toBe(`Cannot read an error from another thread or process: ${problem}`);
  });
});

import {
  defineInterface,
  FidiusError,
  FidiusRangeError,
  FidiusTypeError,
  isFidiusError,
  LoadError,
  PluginHost,
} from 'fidius';
import { describe, expect, it } from 'vitest';

/** What an attempt throws. */
async function thrownBy(attempt: () => unknown): Promise<unknown> {
  try {
    await attempt();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('misuse', () => {
  it.each([
    ['an unknown option', 'FIDIUS_OPTION_UNKNOWN', () => PluginHost.open({ searchPath: [] } as object)],
    ['an option of the wrong type', 'FIDIUS_OPTION_INVALID', () => PluginHost.open({ threads: '8' as never })],
    ['options that are not an object', 'FIDIUS_ARGUMENT_INVALID', () => PluginHost.open(5 as never)],
    ['an invalid definition', 'FIDIUS_INTERFACE_INVALID', () => defineInterface('', { version: 1, methods: {} })],
  ])('throws a TypeError with a code for %s', async (_what, code, attempt) => {
    const error = await thrownBy(attempt);

    expect(error).toBeInstanceOf(TypeError);
    expect(error).toBeInstanceOf(FidiusTypeError);
    expect(error).toBeInstanceOf(FidiusError);
    expect(isFidiusError(error)).toBe(true);
    expect(error).toMatchObject({ code, name: 'FidiusTypeError' });
  });

  it.each([
    ['a number out of range', 'FIDIUS_OPTION_INVALID', () => PluginHost.open({ threads: 0 })],
    ['an unknown choice', 'FIDIUS_OPTION_INVALID', () => PluginHost.open({ externalImports: 'ask' as never })],
    ['an unknown executor', 'FIDIUS_EXECUTOR_UNKNOWN', () => PluginHost.open({ executor: 'fork' as never })],
  ])('throws a RangeError with a code for %s', async (_what, code, attempt) => {
    const error = await thrownBy(attempt);

    expect(error).toBeInstanceOf(RangeError);
    expect(error).toBeInstanceOf(FidiusRangeError);
    expect(error).toBeInstanceOf(FidiusError);
    expect(isFidiusError(error)).toBe(true);
    expect(error).toMatchObject({ code, name: 'FidiusRangeError' });
  });

  it('is not an instance of the classes for failures, and failures are not misuse', async () => {
    const misuse = await thrownBy(() => PluginHost.open({ threads: 0 }));
    const failure = new FidiusError('FIDIUS_HOST_CLOSED', 'The host is closed');

    expect(misuse).not.toBeInstanceOf(LoadError);
    expect(failure).not.toBeInstanceOf(TypeError);
    expect(failure).toBeInstanceOf(FidiusError);
    expect(new Error('other')).not.toBeInstanceOf(FidiusError);
  });
});

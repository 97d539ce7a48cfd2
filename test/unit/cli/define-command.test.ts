import { describe, expect, it } from 'vitest';
import { type CommandResult, defineCommand } from '../../../src/cli/define-command.ts';
import { UsageError } from '../../../src/cli/parse-arguments.ts';
import { FidiusError } from '../../../src/errors/fidius-error.ts';
import { rememberedIo } from '../../support/remembered-io.ts';

/** A command with an option of each type, and the values of its last run. */
function everyType() {
  const received: unknown[] = [];
  const command = defineCommand({
    name: 'every type',
    summary: 'Record the values',
    arguments: { first: {}, rest: { variadic: true, optional: true } },
    options: {
      flag: { type: 'boolean', short: 'f', help: 'A flag' },
      text: { type: 'string', value: 'text', help: 'A text' },
      file: { type: 'path', value: 'file', help: 'A path' },
      files: { type: 'path', multiple: true, help: 'Several paths' },
      size: { type: 'number', value: 'number', help: 'A number' },
      mode: { type: 'string', choices: ['fast', 'safe'], help: 'One of two' },
    },
    examples: ['fidius every type x'],
    run: async (parsed) => {
      received.push(parsed);
      return {};
    },
  });
  return { command, received };
}

describe('a command', () => {
  it('receives the values of its options by their types', async () => {
    const { command, received } = everyType();
    const argv = ['a', '-5', '-f', '--text', 'x', '--file', 'y', '--files', '/z', '--files', 'z', '--size', '1.5'];

    await command.run([...argv, '--mode', 'safe'], rememberedIo({ cwd: '/work' }));

    expect(received).toEqual([
      {
        args: { first: 'a', rest: ['-5'] },
        options: { flag: true, text: 'x', file: '/work/y', files: ['/z', '/work/z'], size: 1.5, mode: 'safe' },
      },
    ]);
  });

  it('receives a value for every option that is not given', async () => {
    const { command, received } = everyType();

    await command.run(['a'], rememberedIo());

    const options = { flag: false, text: undefined, file: undefined, files: [], size: undefined, mode: undefined };
    expect(received).toEqual([{ args: { first: 'a', rest: [] }, options }]);
  });

  it.each([
    [[], 'needs <first>'],
    [['a', '--size', '-1'], 'takes a number that is 0 or greater after --size, not -1'],
    [['a', '--mode', 'slow'], 'takes fast, safe after --mode, not slow'],
    [['a', '--files', ''], 'needs a value after --files'],
  ])('does not run with %j', async (argv, problem) => {
    const { command, received } = everyType();

    const error = await command.run(argv, rememberedIo()).catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ message: `fidius every type ${problem}`, hint: `Usage: ${command.usage}` });
    expect(received).toEqual([]);
  });

  it('has a usage with its arguments, required options and the first of alternative options', () => {
    const { usage } = defineCommand({
      name: 'x',
      summary: 'Do nothing',
      arguments: { dir: { variadic: true } },
      options: {
        key: { type: 'path', value: 'file' },
        trust: { type: 'path', value: 'path' },
        out: { type: 'path', value: 'base', required: true },
      },
      needsOneOf: ['key', 'trust'],
      examples: [],
      run: async () => ({}),
    });

    expect(usage).toBe('fidius x <dir...> --key <file> --out <base> [options]');
    expect(everyType().command.usage).toBe('fidius every type <first> [rest...] [options]');
  });
});

describe('the result of a command', () => {
  const commandWith = (result: CommandResult) =>
    defineCommand({ name: 'x', summary: 'Do nothing', json: true, examples: [], run: async () => result });

  it('is printed as text, or with --json as a record', async () => {
    const command = commandWith({ record: { answer: 42 }, text: 'The answer is 42.\n', exitCode: 1 });
    const [asText, asJson] = [rememberedIo(), rememberedIo()];

    expect(await command.run([], asText)).toBe(1);
    expect(await command.run(['--json'], asJson)).toBe(1);

    expect(asText.output.stdout).toBe('The answer is 42.\n');
    expect(asJson.output.stdout).toBe('{\n  "answer": 42\n}\n');
  });

  it('can be a failure with a record', async () => {
    const command = commandWith({ record: { valid: false }, error: new Error('invalid') });
    const io = rememberedIo();

    await expect(command.run(['--json'], io)).rejects.toThrow('invalid');
    expect(io.output.stdout).toBe('{\n  "valid": false\n}\n');
  });

  it('can be an error whose hint is replaced', async () => {
    const cause = new FidiusError('FIDIUS_KEY_EXISTS', 'the file exists', { hint: 'Pass force.' });
    const command = defineCommand({
      name: 'x',
      summary: 'Fail',
      hints: { FIDIUS_KEY_EXISTS: 'Use --force.' },
      examples: [],
      run: async () => Promise.reject(cause),
    });

    const error = await command.run([], rememberedIo()).catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code: 'FIDIUS_KEY_EXISTS', message: 'the file exists', hint: 'Use --force.', cause });
  });
});

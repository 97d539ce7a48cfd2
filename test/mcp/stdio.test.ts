import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { generateKeyPair, packPackage, SecretKey } from '../../src/packaging.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { eventually } from '../support/eventually.ts';
import { connectStdio, workshopModule } from '../support/mcp-process.ts';
import { fidius } from '../support/run-fidius.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { writeWorkshop } from '../support/workshop.ts';

const greetings = [{ type: 'text', text: 'Hello, x' }];

function workplace(): string {
  const folder = tempFolder();
  writeWorkshop(folder);
  return folder;
}

describe('fidius mcp', () => {
  it.each([[[]], [['--executor', 'thread']], [['--executor', 'auto', '--timeout', '30']]])(
    'serves a package over standard input and output, with what it prints on standard error: %j',
    async (options) => {
      await using server = await connectStdio(workplace(), ['workshop', '--interface', workshopModule, ...options]);

      const { tools } = await server.client.listTools();
      const { content } = await server.client.callTool({ name: 'greet', arguments: { name: 'x' } });

      expect(tools.length).toBe(9);
      expect(content).toEqual(greetings);
      await eventually(() => server.stderr().includes('printed by the plugin\n'));
      expect(server.errors).toEqual([]);
    },
  );

  it('serves an archive, and several packages', async () => {
    const folder = workplace();
    writeWorkshop(folder, 'other');
    await packPackage(join(folder, 'other'), { output: join(folder, 'other.fid') });
    const argv = ['workshop', 'other.fid', '--interface', workshopModule, '--store', 'store'];
    await using server = await connectStdio(folder, argv);

    const { tools } = await server.client.listTools();
    const answers = await Promise.all(
      ['workshop_greet', 'other_greet'].map(async (name) => server.client.callTool({ name, arguments: { name: 'x' } })),
    );

    expect(tools.length).toBe(18);
    expect(answers.map(({ content }) => content)).toEqual([greetings, greetings]);
  });

  it('prints the traceback of an exception for the operator, and not to the client', async () => {
    await using server = await connectStdio(workplace(), ['workshop', '--interface', workshopModule]);

    const result = await server.client.callTool({ name: 'fail' });

    expect(JSON.stringify(result)).not.toContain('Traceback');
    await eventually(() => server.stderr().includes('raise PluginError('));
    expect(server.stderr()).toContain('fail: SOLD_OUT: nothing is left\nTraceback');
  });

  it('does not run a package that is not trusted', async () => {
    const folder = workplace();
    mkdirSync(join(folder, 'keys'));
    await generateKeyPair(join(folder, 'keys/mine'), SecretKey.generate());
    const argv = ['workshop', '--interface', workshopModule, '--key', 'keys/mine.public', '--store', 'store'];
    await using server = await connectStdio(folder, argv);

    const result = await server.client.callTool({ name: 'greet', arguments: { name: 'x' } });

    expect(result).toMatchObject({ isError: true, _meta: { 'fidius/error': { code: 'FIDIUS_SIGNATURE_MISSING' } } });
    expect(server.stderr()).not.toContain('printed by the plugin');
  });

  it('ends when its client has gone, together with the call that runs and the process of the plugin', async () => {
    const folder = workplace();
    const server = await connectStdio(folder, ['workshop', '--interface', workshopModule]);
    const waiting = server.client.callTool({ name: 'wait', arguments: { folder } }).catch(() => undefined);
    await eventually(() => existsSync(join(folder, 'started')));

    await server.client.close();
    await waiting;

    await eventually(() => !isAlive(server.pid));
    await eventually(() => commandsIn(folder) === 0);
    expect(server.errors).toEqual([]);
  });

  it('ends with the exit code 0 at the end of its input', async () => {
    const [command, ...before] = fidius;
    const argv = [...before, 'mcp', 'workshop', '--interface', workshopModule];
    const server = spawn(command, argv, { cwd: workplace(), stdio: ['pipe', 'ignore', 'ignore'] });

    server.stdin.end();

    expect(await once(server, 'exit')).toEqual([0, null]);
  });

  it('closes the connection at a message that is too large', async () => {
    const [command, ...before] = fidius;
    const argv = [...before, 'mcp', 'workshop', '--interface', workshopModule];
    const server = spawn(command, argv, { cwd: workplace(), stdio: ['pipe', 'ignore', 'pipe'] });
    server.stdin.on('error', () => undefined);
    const stderr = text(server.stderr);
    const chunk = Buffer.alloc(2 * 1024 * 1024, 'x');

    for (let count = 0; count < 9; count += 1) server.stdin.write(chunk);

    expect(await once(server, 'exit')).toEqual([1, null]);
    expect(await stderr).toMatch(
      /^error: The connection was closed: ReadBuffer exceeded maximum size of 16777216 bytes/,
    );
  });

  it('needs an interface, as a package does not contain one', async () => {
    expect(await fidiusIn(workplace(), ['mcp', 'workshop'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        'error: The types of the methods of workshop are unknown: a package contains the hash of its interface, and not the interface\n' +
        'hint: Name the module that exports the interface Workshop: --interface <module>.\n',
      bytes: Buffer.from(''),
    });
  });

  it('needs the interface that the package implements', async () => {
    const greeter = join(import.meta.dirname, '../fixtures/interfaces/greeter.ts');

    const { exitCode, stderr } = await fidiusIn(workplace(), ['mcp', 'workshop', '--interface', greeter]);

    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr:
        'error: workshop implements Workshop; the given interfaces are: Greeter\n' +
        'hint: Name the module that exports Workshop with a further --interface <module>.\n',
    });
  });

  it('reports a package that does not exist before it serves', async () => {
    const { exitCode, stderr } = await fidiusIn(workplace(), ['mcp', 'missing', '--interface', workshopModule]);

    expect(exitCode).toBe(1);
    expect(stderr).toContain('missing');
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** How many processes have a folder in their command line: those of a plugin that runs from it. */
function commandsIn(folder: string): number {
  const { stdout } = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(folder)).length;
}

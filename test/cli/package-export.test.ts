import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Workshop } from '../fixtures/interfaces/workshop.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { installPackage, linkPackage, runInstalled } from '../support/installed-package.ts';
import { workshopModule } from '../support/mcp-process.ts';
import { fill } from '../support/packages.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { makeWheels, pythonWithPip } from '../support/wheels.ts';
import { writeWorkshop } from '../support/workshop.ts';

interface BundleManifest {
  readonly tools: readonly { readonly name: string }[];
  readonly compatibility: object;
}

describe('fidius package export --mcpb', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-export-')));
  const unpacked = join(folder, 'unpacked');
  let outcome: ReturnType<typeof runInstalled>;

  beforeAll(() => {
    installPackage(folder);
    linkPackage(folder, '@modelcontextprotocol/sdk');
    writeWorkshop(folder);
    // A module of its own, because the fixture is TypeScript.
    const source = readFileSync(workshopModule, 'utf8').replace('../../../src/index.ts', 'fidius');
    writeFileSync(join(folder, 'workshop.mjs'), source);
    const tag = pythonTag();
    makeWheels(join(folder, 'wheels'), [
      { name: 'native', version: '1.0', tag, files: { 'native/fast.so': 'compiled' } },
    ]);
    fill(folder, { 'workshop/requirements.txt': 'native\n' });
    const from = ['--wheels', 'wheels', '--python', pythonWithPip, '--installer', 'pip'];
    const argv = [
      'workshop',
      '--mcpb',
      '--interface',
      'workshop.mjs',
      '--author',
      'Ada Lovelace',
      '--output',
      'out/w.mcpb',
    ];
    outcome = runInstalled(folder, ['package', 'export', ...argv, ...from]);
    spawnSync(pythonWithPip, ['-m', 'zipfile', '-e', join(folder, 'out/w.mcpb'), unpacked]);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('writes a bundle for the Python and the platform of the compiled dependencies', () => {
    const { compatibility } = readManifest();
    const minor = Number(pythonTag().split('-')[0]?.slice(3));

    expect(outcome).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^Exported: .*out\/w\.mcpb \([\d.]+ MB\), for Python >=3\.\d+,<3\.\d+ on \w+\n$/),
    });
    expect(compatibility).toEqual({
      platforms: [process.platform],
      runtimes: { node: '>=20.19', python: `>=3.${minor},<3.${minor + 1}` },
    });
    expect(readFileSync(join(unpacked, 'packages/workshop/vendor/native/fast.so'), 'utf8')).toBe('compiled');
  });

  it('has a manifest that matches the public schema, with the tools of the interface', () => {
    const ajv = new Ajv({ strict: false });
    addFormats.default(ajv);
    const file = join(import.meta.dirname, '../fixtures/vectors/mcpb-manifest-v0.3.schema.json');
    const isManifest = ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object);

    const manifest = readManifest();

    expect([isManifest(manifest), isManifest.errors]).toEqual([true, null]);
    expect(manifest.tools.map(({ name }) => name)).toEqual(Workshop.methods.map(({ name }) => name));
  });

  it('runs without any other package', async () => {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [join(unpacked, 'server/index.js')],
      env: { PATH: process.env['PATH'] ?? '', PLUGIN_PYTHON: pythonWithPip },
      stderr: 'ignore',
    });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(transport);

    const { tools } = await client.listTools();
    const answer = await client.callTool({ name: 'row', arguments: { id: '18446744073709551615' } });
    await client.close();

    expect(tools.length).toBe(Workshop.methods.length);
    expect(answer).toMatchObject({ structuredContent: { id: '18446744073709551615', data: '' } });
  });

  it('writes the same bytes for the same package', () => {
    const argv = [
      'workshop',
      '--mcpb',
      '--interface',
      'workshop.mjs',
      '--author',
      'Ada Lovelace',
      '--output',
      'again.mcpb',
    ];
    runInstalled(folder, ['package', 'export', ...argv]);

    expect(readFileSync(join(folder, 'again.mcpb')).equals(readFileSync(join(folder, 'out/w.mcpb')))).toBe(true);
  });

  function readManifest(): BundleManifest {
    return JSON.parse(readFileSync(join(unpacked, 'manifest.json'), 'utf8')) as BundleManifest;
  }
});

describe('fidius package export', () => {
  const options = ['--mcpb', '--interface', workshopModule, '--author', 'Ada'];
  const rust =
    '[package]\nname = "x"\nversion = "1"\ninterface = "Workshop"\ninterface_version = 1\nruntime = "rust"\n[metadata]\n';

  it.each<[string, Record<string, string>, readonly string[], number, string]>([
    [
      'a package that is not of Python',
      { 'workshop/package.toml': rust },
      options,
      1,
      'A bundle cannot hold this: x is a package of the runtime rust',
    ],
    [
      'a name that Windows does not allow',
      { 'workshop/con.py': '' },
      options,
      1,
      'A bundle cannot hold this: "con.py": "con.py" in its path is the name of a device on Windows',
    ],
    [
      'two names that some systems take for one',
      { 'workshop/A.py': '', 'workshop/a.py': '' },
      options,
      1,
      'A bundle cannot hold this: some systems take "a.py" for "A.py"',
    ],
    [
      'compiled dependencies of an unknown Python',
      { 'workshop/vendor/fast.so': '', 'workshop/vendor/fast-1.0.dist-info/METADATA': 'Name: fast\nVersion: 1.0\n' },
      options,
      1,
      'The bundle cannot say which Python vendor/fast.so was built for: another tool made the folder vendor',
    ],
    ['byte-code', { 'workshop/__pycache__/x.pyc': '' }, options, 1, '__pycache__'],
    ['a package without an author', {}, options.slice(0, 3), 2, 'fidius package export needs the author of workshop'],
    [
      'another interface',
      {},
      ['--mcpb', '--interface', workshopModule.replace('workshop', 'greeter')],
      1,
      'workshop implements Workshop; the interface is Greeter',
    ],
    ['a command without format', {}, options.slice(1), 2, 'fidius package export needs --mcpb'],
  ])('refuses %s by name', async (_what, files, argv, exitCode, message) => {
    const folder = tempFolder();
    writeWorkshop(folder);
    fill(folder, files);

    const outcome = await fidiusIn(folder, ['package', 'export', 'workshop', ...argv]);

    expect(outcome).toMatchObject({ exitCode, stdout: '', stderr: expect.stringContaining(message) });
  });
});

/** Of a wheel with compiled code for the Python that vendors. */
function pythonTag(): string {
  const code =
    'import sys, sysconfig; v = "cp%d%d" % sys.version_info[:2]; print(v, v, sysconfig.get_platform().replace("-", "_").replace(".", "_"), sep="-")';
  return spawnSync(pythonWithPip, ['-c', code], { encoding: 'utf8' }).stdout.trim();
}

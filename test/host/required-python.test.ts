import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type HostOptions, PluginHost } from '../../src/index.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { failureOf } from '../support/failure.ts';
import { manifestText, writePackage } from '../support/plugin-folders.ts';
import { anotherPython } from '../support/pythons.ts';
import { interfaceOf } from '../support/signatures.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Probe = interfaceOf(['version: str']);
const source = `__interface_hash__ = 0x${Probe.hash.toString(16)}
import platform
def version(): return platform.python_version()
`;
const other = anotherPython();
const minor = (version = '') => version.split('.').slice(0, 2).join('.');

/** A package that requires a Python. @param required in the form of TOML. */
function writeRequiring(required: string, files: Readonly<Record<string, string>> = {}): string {
  const folder = join(tempFolder(), 'requiring');
  const manifest = manifestText('requiring', 'requiring_main', Probe);
  const text = manifest.replace('[metadata]\n', `[metadata]\nrequires_python = ${required}\n`);
  writePackage({ name: 'requiring', folder, manifest: text, files: { 'requiring_main.py': source, ...files } });
  return folder;
}

async function load(folder: string, options: HostOptions = {}, loadOptions: object = {}) {
  const host = await PluginHost.open({ searchPaths: [join(folder, '..')], ...options });
  return { host, plugin: await host.load('requiring', Probe, loadOptions) };
}

describe('requires_python in the metadata of a package', () => {
  it('that this Python meets changes nothing', async () => {
    const { host, plugin } = await load(writeRequiring(`">=3.9, <4"`));
    await using _ = host;

    expect(plugin.info).toMatchObject({ executor: 'thread', executorReason: undefined });
  });

  it.runIf(other !== undefined)('moves it to a process with a Python that meets it', async () => {
    const { host, plugin } = await load(writeRequiring(`"==${minor(other?.version)}.*"`));
    await using _ = host;

    const version = await (plugin.client['version'] as () => Promise<string>)();

    expect(minor(version)).toBe(minor(other?.version));
    expect(plugin.info).toMatchObject({ executor: 'process', pythonVersion: version });
    expect(plugin.info.executorReason).toMatch(/it requires Python ==3\.\d+\.\*, and this is 3\./);
  });

  it.each(['thread', 'inline', 'process'] as const)('is checked with the executor %s', async (executor) => {
    const failure = await failureOf(() => load(writeRequiring('"<3.9"'), { executor }));

    expect(failure).toMatchObject({
      code: 'FIDIUS_PACKAGE_PYTHON',
      message: expect.stringContaining('it requires Python <3.9, and this is 3.'),
      hint: expect.stringContaining('"auto"'),
    });
  });

  it('that no Python of this machine meets names those that were found', async () => {
    const failure = await failureOf(() => load(writeRequiring('"<3.9"')));

    expect(failure).toMatchObject({
      code: 'FIDIUS_PACKAGE_PYTHON',
      message: expect.stringMatching(
        /it requires Python <3\.9, and this is 3\.\d+.*\. (Python 3\.[\d., ]+ cannot run it either|No other)/,
      ),
      hint: expect.stringContaining('Install a Python <3.9'),
    });
  });

  it.each(['"3.12"', '"^3.12"', '3.12', '[]'])('is refused when it is no specifier: %s', async (required) => {
    const failure = await failureOf(() => load(writeRequiring(required)));

    expect(failure).toMatchObject({
      code: 'FIDIUS_PACKAGE_PYTHON',
      message: expect.stringContaining('expected a version specifier'),
      hint: expect.stringContaining('requires_python = ">=3.10,<3.14"'),
    });
  });

  it('is shown by package inspect, with the executor that follows from it', async () => {
    const [fits, none] = [writeRequiring('">=3.9"'), writeRequiring('"<3.9"')];

    const inspect = async (folder: string) => (await fidiusIn(folder, ['package', 'inspect', '.'])).stdout;

    expect(await inspect(fits)).toMatch(/\nExecutor: +(thread|process): Python 3\./);
    expect(await inspect(none)).toMatch(/\nExecutor: +none: .*requires Python <3\.9/);
  });
});

describe('a package whose vendored code was built for another Python', () => {
  const tag = `cp${minor(other?.version).replace('.', '')}`;
  const wheel = ['Wheel-Version: 1.0', 'Root-Is-Purelib: false', `Tag: ${tag}-${tag}-any`, ''].join('\n');
  const files = {
    'vendor/compiled-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: compiled\nVersion: 1.0\n',
    'vendor/compiled-1.0.dist-info/WHEEL': wheel,
  };

  it.runIf(other !== undefined)('runs in a process with that Python', async () => {
    const { host, plugin } = await load(writeRequiring('">=3.9"', files));
    await using _ = host;

    expect(minor(plugin.info.pythonVersion)).toBe(minor(other?.version));
    expect(plugin.info.executorReason).toContain('is built for');
  });
});

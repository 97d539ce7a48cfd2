import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PluginHost } from '../../../src/index.ts';
import { packPackage, SecretKey, signPackage, verifyPackage } from '../../../src/packaging.ts';
import { loadedLibpython } from '../../support/loaded-python.ts';
import { fill, pythonManifest } from '../../support/packages.ts';
import { runFidius } from '../../support/run-fidius.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const key = new SecretKey(Buffer.alloc(32, 1));

it('no code of a package runs while it is discovered, inspected, validated, verified, audited or packed', async () => {
  const folder = tempFolder();
  const ran = join(tempFolder(), 'ran');
  const attack = `open(${JSON.stringify(ran)}, "w").write(__name__)\n`;
  const dir = join(folder, 'demo');
  fill(dir, {
    'package.toml': pythonManifest(),
    ...Object.fromEntries(
      // Whatever Python, pip or a test runner would import on its own.
      ['demo', 'setup', 'sitecustomize', 'usercustomize', 'conftest', 'tokenize', 'ast', 'json', '__init__', '__main__']
        .map((name) => [`${name}.py`, attack])
        .concat([['vendor/demo.py', attack]]),
    ),
    'attack.pth': `import os; exec(${JSON.stringify(attack)})\n`,
  });
  await signPackage(dir, { key });
  const keyFile = join(folder, 'acme.public');
  fill(folder, { 'acme.public': key.publicKey.bytes });

  await using host = await PluginHost.open({ searchPaths: [folder], trustedKeys: [key.publicKey] });
  const discovery = await host.discover();
  await verifyPackage(dir, { trustedKeys: [key.publicKey] });
  await packPackage(dir, { output: join(folder, 'demo.fid'), key, vendor: false });
  const commands = [
    ['package', 'inspect', 'demo'],
    ['package', 'inspect', 'demo.fid'],
    ['package', 'validate', 'demo'],
    ['package', 'verify', 'demo', '--key', keyFile],
    ['package', 'audit', 'demo', '--key', keyFile],
    ['package', 'audit', 'demo.fid', '--key', keyFile],
    ['package', 'unpack', 'demo.fid'],
  ];
  // In the package itself, too: Python would put the current folder on its search path.
  const outcomes = commands.map((argv) => runFidius(argv, { cwd: folder }));
  outcomes.push(runFidius(['package', 'audit', '.', '--key', keyFile], { cwd: dir }));

  expect(discovery.packages.map(({ manifest }) => manifest.name)).toEqual(['demo']);
  // Each has done something: none has ended with a wrong option.
  expect(outcomes.map(({ exitCode }) => exitCode)).not.toContain(2);
  expect(existsSync(ran)).toBe(false);
  expect(loadedLibpython()).toBeUndefined();
});

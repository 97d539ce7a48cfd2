import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type InstallerName, vendorDependencies } from '../../../src/packaging.ts';
import { failureOf } from '../../support/failure.ts';
import { fill, packageOf, pythonManifest } from '../../support/packages.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { hasUv, makeSourceDistribution, makeWheels, pythonWithPip, sourceTree } from '../../support/wheels.ts';

const installers: readonly InstallerName[] = hasUv ? ['pip', 'uv'] : ['pip'];

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('vendoring', () => {
  it.each(['pip', 'runpy', 'os', 'json', 'sitecustomize'])(
    'does not run a module of the package in place of one that the installer imports: %s',
    async (module) => {
      const { wheels, ran } = workplace();
      const dir = packageOf({ 'requirements.txt': 'tiny\n', [`${module}.py`]: `open(${JSON.stringify(ran)}, "w")\n` });

      const { distributions } = await vendorDependencies(dir, { installer: 'pip', python: pythonWithPip, wheels });

      expect(existsSync(ran)).toBe(false);
      expect(distributions.map(({ name }) => name)).toEqual(['tiny']);
    },
  );

  it.each(['pip', 'sitecustomize', 'usercustomize'])(
    'does not run a module of PYTHONPATH or of the user in place of one that the installer imports: %s',
    async (module) => {
      const { wheels, ran } = workplace();
      const evil = tempFolder();
      fill(evil, { [`${module}.py`]: `open(${JSON.stringify(ran)}, "w")\n` });
      vi.stubEnv('PYTHONPATH', evil);
      vi.stubEnv('PYTHONUSERBASE', evil);
      vi.stubEnv('PYTHONSTARTUP', join(evil, `${module}.py`));

      const options = { installer: 'pip', python: pythonWithPip, wheels } as const;
      const { status } = await vendorDependencies(packageOf({ 'requirements.txt': 'tiny\n' }), options);

      expect(status).toBe('vendored');
      expect(existsSync(ran)).toBe(false);
    },
  );

  it('does not run a module of the site-packages of the user in place of one that the installer imports', async () => {
    const { wheels, ran } = workplace();
    const home = tempFolder();
    const { stdout: site } = spawnSync(pythonWithPip, ['-c', 'import site; print(site.getusersitepackages())'], {
      env: { ...process.env, HOME: home },
      encoding: 'utf8',
    });
    for (const module of ['usercustomize', 'pip']) {
      fill(site.trim(), { [`${module}.py`]: `open(${JSON.stringify(ran)}, "w")\n` });
    }
    vi.stubEnv('HOME', home);

    const options = { installer: 'pip', python: pythonWithPip, wheels } as const;
    const { status } = await vendorDependencies(packageOf({ 'requirements.txt': 'tiny\n' }), options);

    expect(status).toBe('vendored');
    expect(existsSync(ran)).toBe(false);
  });

  it.each(installers)(
    'does not use a virtual environment or settings in or around the package: %s',
    async (installer) => {
      const { wheels, ran } = workplace();
      const around = tempFolder();
      const python = `#!/bin/sh\ntouch ${JSON.stringify(ran)}\nexec ${pythonWithPip} "$@"\n`;
      const settings = {
        'uv.toml': 'target = "/nowhere"\n',
        '.python-version': '2.7',
        'setup.cfg': '[install]\nuser=1\n',
      };
      for (const folder of [around, join(around, 'demo')]) {
        fill(folder, {
          ...settings,
          '.venv/pyvenv.cfg': `home = ${dirname(pythonWithPip)}\n`,
          '.venv/bin/python3': python,
        });
        chmodSync(join(folder, '.venv/bin/python3'), 0o755);
      }
      fill(join(around, 'demo'), { 'package.toml': pythonManifest(), 'requirements.txt': 'tiny\n' });
      vi.stubEnv('VIRTUAL_ENV', join(around, '.venv'));

      const { status } = await vendorDependencies(join(around, 'demo'), { installer, python: pythonWithPip, wheels });

      expect(status).toBe('vendored');
      expect(existsSync(ran)).toBe(false);
    },
  );
});

describe('vendoring without builds', () => {
  it.each<[string, string, string]>([
    ['a folder', './built', 'is not a wheel'],
    ['a folder with extras', './built[more]', 'is not a wheel'],
    ['a folder behind a name', 'built @ ./built', 'is not a wheel'],
    ['the address of a folder', 'built @ ADDRESS/built ; python_version > "3"', 'is not a wheel'],
    ['a source distribution', './built-1.0.tar.gz', 'is not a wheel'],
    [
      'a source distribution whose query ends like a wheel',
      'built @ https://example.org/b.tar.gz?x=.whl',
      'is not a wheel',
    ],
    ['a source distribution whose fragment ends like a wheel', 'https://example.org/b.zip#egg=b.whl', 'is not a wheel'],
    ['a repository', 'built @ git+https://example.org/built', 'is not a wheel'],
    ['a repository whose name ends like a wheel', 'git+file:///tmp/built-1.0-py3-none-any.whl', 'is not a wheel'],
    ['a folder whose name ends like a wheel', './built-1.0-py3-none-any.whl', 'is not a wheel'],
    ['an option for source distributions', '--no-binary :all:', 'requests source distributions'],
    ['an option that ends the limit to wheels', '--only-binary=:none:', 'allows source distributions'],
    ['options for a build', 'built --config-settings=x=y', 'has options for a build'],
    ['a requirements file elsewhere', '-r https://example.org/r.txt', 'cannot be checked before it is used'],
    ['a constraints file elsewhere', '--constraint file:///tmp/c.txt', 'cannot be checked before it is used'],
  ])('rejects %s, names the line, and runs nothing', async (_what, line, problem) => {
    const { ran } = workplace();
    const dir = packageOf({ 'requirements.txt': '# comment\n\n-r more.txt\n' });
    for (const folder of ['built', 'built-1.0-py3-none-any.whl']) fill(join(dir, folder), sourceTree(ran));
    makeSourceDistribution(dir, ran);
    const written = line.replace('ADDRESS', pathToFileURL(dir).href);
    fill(dir, { 'more.txt': `tiny\n${written}\n` });
    const before = readdirSync(dir);

    const error = await failureOf(() => vendorDependencies(dir, { python: pythonWithPip, installer: 'pip' }));

    expect(error.code).toBe('FIDIUS_VENDOR_BUILD');
    expect(error.message).toMatch(new RegExp(`^Cannot vendor dependencies: line 2 of \\S+more\\.txt, "`));
    expect(error.message).toContain(problem);
    expect(existsSync(ran)).toBe(false);
    expect(readdirSync(dir)).toEqual(before);
  });

  it.each([
    ['an abbreviated option', '--no-bin :all:'],
    ['an option of the whole file behind a requirement', 'tiny --no-binary :all:'],
    ['an include behind a requirement', 'tiny -r more.txt'],
    ['an option of a requirement on its own', '--global-option=x'],
    ['a line break that only Python knows', 'tiny\u2028--no-binary=:all:'],
    ['a form feed', 'tiny\f--no-binary=:all:'],
    ['an escaped option', '--no-"binary" :all:'],
    ['a backslash, which pip removes', '--only-binary=\\:none:'],
    ['half a quote', "--find-links='/tmp"],
    ['half a quote on its own', '--index-url "'],
    ['an option without its value', '--index-url'],
    ['an option that is unknown', '--build-everything'],
  ])('rejects what pip and this library could read differently: %s', async (_what, line) => {
    const dir = packageOf({ 'requirements.txt': `${line}\n`, 'more.txt': '' });

    const error = await failureOf(() => vendorDependencies(dir, { python: pythonWithPip, installer: 'pip' }));

    expect(error.code).toBe('FIDIUS_VENDOR_REQUIREMENTS');
    expect(error.message).toContain('line 1 of');
  });

  it.each<[string, string | Uint8Array]>([
    ['UTF-16', new Uint8Array(Buffer.from('\ufefftiny\n--no-binary :all:\n', 'utf16le'))],
    ['the encoding of a comment', '# -*- coding: utf-7 -*-\n+AC0ALQBuAG8ALQBiAGkAbgBhAHIAeQAgADoAYQBsAGwAOg-\n'],
  ])('does not pass on a file in another encoding: %s', async (_what, content) => {
    const { ran } = workplace();
    const dir = packageOf({ 'requirements.txt': content });

    const error = await failureOf(() => vendorDependencies(dir, { python: pythonWithPip, installer: 'pip' }));

    expect(error.code).toMatch(/^FIDIUS_VENDOR_(?:REQUIREMENTS|BUILD)$/);
    expect(existsSync(ran)).toBe(false);
  });

  it.each(installers)('does not take a source distribution in place of a wheel: %s', async (installer) => {
    const { wheels, ran } = workplace();
    makeSourceDistribution(wheels, ran);
    const dir = packageOf({ 'requirements.txt': 'built\n' });

    const error = await failureOf(() => vendorDependencies(dir, { python: pythonWithPip, installer, wheels }));

    expect(error.code).toBe('FIDIUS_VENDOR_FAILED');
    expect(error.message).toMatch(/No matching distribution found for built|has no usable wheels/);
    expect(error.hint).toContain('Only wheels are installed, unless builds are allowed.');
    expect(existsSync(ran)).toBe(false);
  });

  // No option of pip prevents this: `--only-binary` does not apply to addresses.
  it.each(installers)('does not build what a wheel depends on by address: %s', async (installer) => {
    const { wheels, ran } = workplace();
    const built = tempFolder();
    fill(built, sourceTree(ran));
    makeWheels(wheels, [{ name: 'lure', version: '1.0', requires: [`built @ ${pathToFileURL(built).href}`] }]);
    const dir = packageOf({ 'requirements.txt': 'lure\n' });

    const error = await failureOf(() => vendorDependencies(dir, { python: pythonWithPip, installer, wheels }));

    expect(error.code).toBe(installer === 'pip' ? 'FIDIUS_VENDOR_BUILD' : 'FIDIUS_VENDOR_FAILED');
    expect(error.message).toMatch(/fidius refused to build:|URL dependencies must be expressed as direct requirements/);
    expect(existsSync(ran)).toBe(false);
    expect(existsSync(join(dir, 'vendor'))).toBe(false);
  });

  it.each([
    ['PIP_NO_BINARY', ':all:'],
    ['PIP_ONLY_BINARY', ':none:'],
    ['PIP_GLOBAL_OPTION', '--quiet'],
    ['PIP_NO_BUILD_ISOLATION', '1'],
    ['UV_NO_BINARY', '1'],
    ['UV_NO_BUILD', '0'],
  ])('does not allow builds because of the variable %s', async (name, value) => {
    const { wheels, ran } = workplace();
    makeSourceDistribution(wheels, ran);
    vi.stubEnv(name, value);

    for (const installer of installers) {
      const dir = packageOf({ 'requirements.txt': 'built\n' });
      await failureOf(() => vendorDependencies(dir, { python: pythonWithPip, installer, wheels }));
      const other = packageOf({ 'requirements.txt': 'tiny\n' });
      expect((await vendorDependencies(other, { python: pythonWithPip, installer, wheels })).status).toBe('vendored');
    }

    expect(existsSync(ran)).toBe(false);
  });

  it.each(installers)(
    'builds if it is allowed, and records which distribution was built from what: %s',
    async (installer) => {
      const { wheels, ran } = workplace();
      makeSourceDistribution(wheels, ran);
      const dir = packageOf({ 'requirements.txt': 'built\ntiny\n' });

      await vendorDependencies(dir, { python: pythonWithPip, installer, wheels, allowBuild: true });

      expect(existsSync(ran)).toBe(true);
      expect(originsIn(dir)).toEqual({
        built: ['built-1.0.tar.gz', sha256(join(wheels, 'built-1.0.tar.gz')), true],
        tiny: ['tiny-1.0-py3-none-any.whl', sha256(join(wheels, 'tiny-1.0-py3-none-any.whl')), false],
      });
    },
  );

  it.each(installers)('checks the hash of a source distribution before it runs its code: %s', async (installer) => {
    const { wheels, ran } = workplace();
    makeSourceDistribution(wheels, ran);
    const dir = packageOf({ 'requirements.txt': `built==1.0 --hash=sha256:${'0'.repeat(64)}\n` });

    const error = await failureOf(() =>
      vendorDependencies(dir, { python: pythonWithPip, installer, wheels, allowBuild: true }),
    );

    expect(error.code).toBe('FIDIUS_VENDOR_FAILED');
    expect(error.message).toMatch(/DO NOT MATCH THE HASHES|Hash mismatch/);
    expect(existsSync(ran)).toBe(false);
  });
});

describe('vendoring from a folder of wheels', () => {
  it.each([
    'tiny @ https://example.org/tiny-1.0-py3-none-any.whl',
    './tiny-1.0-py3-none-any.whl',
    'file:///tmp/tiny-1.0-py3-none-any.whl',
    'git+https://example.org/tiny',
    '--index-url https://example.org/simple',
    '-i=https://example.org/simple',
    '--extra-index-url https://example.org/simple',
    '-f /tmp',
    '--find-links=https://example.org',
    '-r https://example.org/r.txt',
    '-chttps://example.org/c.txt',
  ])('rejects a line that refers elsewhere, whether builds are allowed or not: %s', async (line) => {
    const { wheels } = workplace();
    for (const allowBuild of [false, true]) {
      const dir = packageOf({ 'requirements.txt': `tiny\n\n${line}\n` });
      const error = await failureOf(() =>
        vendorDependencies(dir, { python: pythonWithPip, installer: 'pip', wheels, allowBuild }),
      );

      expect(error.code).toBe('FIDIUS_VENDOR_REQUIREMENTS');
      expect(error.message).toContain(`line 3 of ${join(dir, 'requirements.txt')}`);
      expect(error.message).toContain('refers to a location outside the folder of wheels');
    }
  });

  it.each([
    'tiny @ file:///tmp/tiny-1.0-py3-none-any.whl',
    '--index-url=https://example.org/simple',
    '--no-binary=:all:',
  ])('checks the constraints too: %s', async (line) => {
    const { wheels } = workplace();
    const dir = packageOf({ 'requirements.txt': 'tiny', 'constraints.txt': `${line}\n` });

    const error = await failureOf(() =>
      vendorDependencies(dir, {
        python: pythonWithPip,
        installer: 'pip',
        wheels,
        constraints: join(dir, 'constraints.txt'),
      }),
    );

    expect(error.message).toContain(`line 1 of ${join(dir, 'constraints.txt')}`);
  });

  it.each(installers)('rejects -e and endless includes: %s', async (installer) => {
    const { wheels } = workplace();
    const options = { python: pythonWithPip, installer, wheels };
    const editable = packageOf({ 'requirements.txt': '-r more.txt', 'more.txt': '\n-e ./lib' });
    const endless = packageOf({ 'requirements.txt': '-r requirements.txt' });

    expect((await failureOf(() => vendorDependencies(editable, options))).message).toContain(
      `line 2 of ${join(editable, 'more.txt')}, "-e ./lib", is editable`,
    );
    expect((await failureOf(() => vendorDependencies(endless, options))).message).toContain(
      'include more than 100 files',
    );
  });

  it.each(installers)(
    'connects to nothing, whatever variables, wheels and pages in the folder say: %s',
    async (installer) => {
      const { wheels } = workplace();
      const server = await serve();
      const { port } = server.address() as AddressInfo;
      const address = `http://127.0.0.1:${port}`;
      const requests: (string | undefined)[] = [];
      server.on('request', ({ url }, response) => {
        requests.push(url);
        response.writeHead(404).end();
      });
      const page = `<a href="${address}/linked-1.0-py3-none-any.whl">linked-1.0-py3-none-any.whl</a>`;
      fill(wheels, { 'index.html': `<!DOCTYPE html><html><body>${page}</body></html>` });
      makeWheels(wheels, [
        { name: 'lure', version: '1.0', requires: [`far @ ${address}/far-1.0-py3-none-any.whl`] },
        { name: 'absent', version: '1.0', requires: ['missing'] },
      ]);
      for (const name of ['PIP_INDEX_URL', 'PIP_EXTRA_INDEX_URL', 'PIP_FIND_LINKS', 'UV_INDEX_URL', 'UV_FIND_LINKS']) {
        vi.stubEnv(name, `${address}/${name}`);
      }
      vi.stubEnv('PIP_NO_INDEX', '0');
      const config = tempFolder();
      fill(config, { 'pip.conf': `[global]\nindex-url = ${address}/conf\nfind-links = ${address}/links\n` });
      vi.stubEnv('PIP_CONFIG_FILE', join(config, 'pip.conf'));

      try {
        for (const requirement of ['lure', 'linked', 'absent', 'other']) {
          const dir = packageOf({ 'requirements.txt': requirement });
          const options = { python: pythonWithPip, installer, wheels };
          expect((await failureOf(() => vendorDependencies(dir, options))).code).toBe('FIDIUS_VENDOR_FAILED');
        }
        expect(requests).toEqual([]);
      } finally {
        await new Promise((resolve) => server.close(resolve));
      }
    },
  );

  it('rejects a wheel that lies elsewhere on the disk and that a wheel of the folder depends on', async () => {
    const { wheels } = workplace();
    const other = tempFolder();
    makeWheels(other, [{ name: 'near', version: '1.0' }]);
    const address = pathToFileURL(join(other, 'near-1.0-py3-none-any.whl')).href;
    makeWheels(wheels, [{ name: 'lure', version: '1.0', requires: [`near @ ${address}`] }]);
    const dir = packageOf({ 'requirements.txt': 'lure' });

    const error = await failureOf(() => vendorDependencies(dir, { python: pythonWithPip, installer: 'pip', wheels }));

    expect(error.message).toContain(
      'pip took near 1.0 from near-1.0-py3-none-any.whl, which is not in the folder of wheels',
    );
    expect(existsSync(join(dir, 'vendor'))).toBe(false);
  });
});

describe('the record of vendoring', () => {
  it.each(installers)(
    'does not come about if the hash of a wheel is another, or is required and missing: %s',
    async (installer) => {
      const { wheels } = workplace();
      const good = sha256(join(wheels, 'tiny-1.0-py3-none-any.whl'));
      const vendor = (requirement: string, requireHashes: boolean) =>
        vendorDependencies(packageOf({ 'requirements.txt': requirement }), {
          python: pythonWithPip,
          installer,
          wheels,
          requireHashes,
        });

      const wrong = await failureOf(() => vendor(`tiny==1.0 --hash=sha256:${'0'.repeat(64)}`, false));
      const missing = await failureOf(() => vendor('tiny==1.0', true));
      const inFile = await failureOf(() => vendor('--require-hashes\ntiny==1.0', false));

      expect(wrong.message).toMatch(
        /DO NOT MATCH THE HASHES|does not match the requirements\. Expected sha256:0+, got sha256:/,
      );
      expect(missing.message).toMatch(/hashes are required/i);
      expect(inFile.message).toMatch(/hashes are required/i);
      expect((await vendor(`tiny==1.0 --hash=sha256:${good} \\\n  --hash=sha256:${'0'.repeat(64)}`, true)).status).toBe(
        'vendored',
      );
    },
  );

  it.each(installers)('rejects a distribution that a wheel hides in another one: %s', async (installer) => {
    const { wheels } = workplace();
    const hidden = 'lure-1.0.data/purelib/hidden-1.0.dist-info/METADATA';
    makeWheels(wheels, [{ name: 'lure', version: '1.0', files: { [hidden]: 'Name: hidden\nVersion: 1.0\n' } }]);
    const dir = packageOf({ 'requirements.txt': 'lure' });

    const error = await failureOf(() => vendorDependencies(dir, { python: pythonWithPip, installer, wheels }));

    expect(error.message).toContain(
      `hidden 1.0 is in the vendor folder, but ${installer} did not report its installation`,
    );
  });

  it.each(installers)('is not the one that a wheel brings along: %s', async (installer) => {
    const { wheels } = workplace();
    const forged = JSON.stringify({
      format: 1,
      distributions: [{ name: 'lure', version: '1.0', source: 'https://good' }],
    });
    makeWheels(wheels, [{ name: 'lure', version: '1.0', files: { 'fidius-vendor.json': forged } }]);
    const dir = packageOf({ 'requirements.txt': 'lure' });

    await vendorDependencies(dir, { python: pythonWithPip, installer, wheels });

    expect(originsIn(dir)).toMatchObject({ lure: ['lure-1.0-py3-none-any.whl', expect.any(String), false] });
  });

  it.each(installers)('contains the address of a wheel without credentials, and its hash: %s', async (installer) => {
    const { wheels } = workplace();
    const wheel = join(wheels, 'tiny-1.0-py3-none-any.whl');
    const server = await serve();
    const { port } = server.address() as AddressInfo;
    server.on('request', ({ url, headers }, response) => {
      if (headers.authorization === undefined) response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end();
      else if (url === '/simple/tiny/')
        response.setHeader('content-type', 'text/html').end(pageOf('/files/tiny-1.0-py3-none-any.whl?key=secret'));
      else if (url?.startsWith('/files/') === true) response.end(readFileSync(wheel));
      else response.writeHead(404).end();
    });
    vi.stubEnv('PIP_FIND_LINKS', '');
    const index = `http://me:hunter2@127.0.0.1:${port}/simple`;
    const dir = packageOf({ 'requirements.txt': `--index-url ${index}\ntiny\n` });

    try {
      await vendorDependencies(dir, { python: pythonWithPip, installer });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }

    const record = readFileSync(join(dir, 'vendor', 'fidius-vendor.json'), 'utf8');
    expect(record).not.toMatch(/hunter2|secret/);
    expect(originsIn(dir)).toEqual({
      tiny: [`http://127.0.0.1:${port}/files/tiny-1.0-py3-none-any.whl`, sha256(wheel), false],
    });
  });

  it.each(installers)(
    'contains the path of a wheel in the package, and only the name of others: %s',
    async (installer) => {
      const { wheels } = workplace();
      const dir = packageOf({
        'requirements.txt': `./wheels/inner-1.0-py3-none-any.whl\n${join(wheels, 'tiny-1.0-py3-none-any.whl')}\n`,
      });
      makeWheels(join(dir, 'wheels'), [{ name: 'inner', version: '1.0' }]);

      await vendorDependencies(dir, { python: pythonWithPip, installer });

      expect(originsIn(dir)).toMatchObject({
        inner: ['wheels/inner-1.0-py3-none-any.whl', sha256(join(dir, 'wheels/inner-1.0-py3-none-any.whl')), false],
        tiny: ['tiny-1.0-py3-none-any.whl', sha256(join(wheels, 'tiny-1.0-py3-none-any.whl')), false],
      });
      expect(readFileSync(join(dir, 'vendor', 'fidius-vendor.json'), 'utf8')).not.toContain(wheels);
    },
  );
});

/** A folder with the wheel of `tiny`, and the path of a file that hostile code would write. */
function workplace(): { wheels: string; ran: string } {
  const wheels = join(tempFolder(), 'wheels');
  makeWheels(wheels, [{ name: 'tiny', version: '1.0' }]);
  return { wheels, ran: join(tempFolder(), 'ran') };
}

function originsIn(dir: string): Record<string, unknown> {
  const { distributions } = JSON.parse(readFileSync(join(dir, 'vendor', 'fidius-vendor.json'), 'utf8')) as {
    distributions: { name: string; source: unknown; sha256: unknown; built: unknown }[];
  };
  return Object.fromEntries(distributions.map((each) => [each.name, [each.source, each.sha256, each.built]]));
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function pageOf(link: string): string {
  return `<!DOCTYPE html><html><body><a href="${link}">${link.replace(/^.*\/|\?.*$/g, '')}</a></body></html>`;
}

async function serve(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  packPackage,
  SecretKey,
  signPackage,
  type VendorOptions,
  type VendorProgress,
  vendorDependencies,
} from '../../../src/packaging.ts';
import { failureOf } from '../../support/failure.ts';
import { folderOf, packageOf, pythonManifest } from '../../support/packages.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { makeWheels, pythonWithPip } from '../../support/wheels.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('vendorDependencies', () => {
  it('installs what the requirements ask for, from a folder of wheels alone', async () => {
    const dir = packageOf({ 'requirements.txt': 'colours>=1\n' });

    const outcome = await vendorDependencies(dir, offline([{ name: 'colours', version: '1.2.0' }]));

    expect(outcome.status).toBe('vendored');
    expect(outcome.distributions).toEqual([
      {
        name: 'colours',
        version: '1.2.0',
        tags: ['py3-none-any'],
        requiresPython: '>=3.8',
        source: 'colours-1.2.0-py3-none-any.whl',
        sha256: expect.stringMatching(/^[\da-f]{64}$/),
        built: false,
      },
    ]);
    expect(readFileSync(join(dir, 'vendor', 'colours.py'), 'utf8')).toContain('1.2.0');
  });

  it('reports how many distributions were found and are installed', async () => {
    const dir = packageOf({ 'requirements.txt': 'colours\nshapes\n' });
    const wheels = [
      { name: 'colours', version: '1.2.0' },
      { name: 'shapes', version: '2.0' },
    ];
    const events: VendorProgress[] = [];

    await vendorDependencies(dir, { ...offline(wheels), onProgress: (event) => events.push(event) });

    expect(events).toEqual([
      { phase: 'resolving' },
      { phase: 'resolving', done: 1 },
      { phase: 'resolving', done: 2 },
      { phase: 'installing', done: 0, total: 2 },
    ]);
  });

  it('leaves no byte-code, nothing half-built, and a record of what was done for whom', async () => {
    const dir = packageOf({ 'requirements.txt': 'colours' });

    await vendorDependencies(dir, offline([{ name: 'colours', version: '1.2.0' }]));

    expect(readdirSync(join(dir, 'vendor'), { recursive: true, encoding: 'utf8' }).join()).not.toContain('__pycache__');
    expect(readdirSync(dir).filter((name) => name.startsWith('.'))).toEqual([]);
    const record = JSON.parse(readFileSync(join(dir, 'vendor', 'fidius-vendor.json'), 'utf8'));
    expect(record).toMatchObject({
      format: 1,
      installer: 'pip',
      platform: process.platform,
      python: { implementation: 'cpython', version: expect.stringMatching(/^3\.\d+\.\d+/) },
      distributions: [{ name: 'colours', version: '1.2.0' }],
    });
  });

  it('takes the requirements file that the manifest names, and paths in it from the package', async () => {
    const dir = packageOf({ 'deps/all.txt': './wheels/colours-1.2.0-py3-none-any.whl\n' });
    writeFileSync(join(dir, 'package.toml'), `${pythonManifest()}requirements = "deps/all.txt"\n`);
    makeWheels(join(dir, 'wheels'), [{ name: 'colours', version: '1.2.0' }]);

    const { wheels: _wheels, ...options } = offline([]);

    const outcome = await vendorDependencies(dir, options);

    expect(outcome.distributions.map(({ name }) => name)).toEqual(['colours']);
  });

  it('keeps a vendor folder that is there, unless it is told to refresh it', async () => {
    const dir = packageOf({ 'requirements.txt': 'colours', 'vendor/old.py': '' });
    const options = offline([{ name: 'colours', version: '1.2.0' }]);

    expect((await vendorDependencies(dir, options)).status).toBe('kept');
    expect(existsSync(join(dir, 'vendor', 'old.py'))).toBe(true);
    const vendored = await vendorDependencies(dir, { ...options, refresh: true });
    expect(vendored.status).toBe('vendored');
    expect(existsSync(join(dir, 'vendor', 'old.py'))).toBe(false);
    expect(await vendorDependencies(dir, options)).toEqual({ ...vendored, status: 'kept' });
  });

  it('reads records without the origin of distributions, and ignores what is not one', async () => {
    const older = { format: 1, installer: 'pip', python: { version: '3.9.0' }, platform: 'linux' };
    const metadata = 'Name: colours\nVersion: 1.0\n';
    const hostile = [
      null,
      7,
      { name: 'colours' },
      { name: 'Colours', version: '1.0', source: 7, sha256: [], built: 'no' },
    ];
    for (const distributions of [[{ name: 'colours', version: '1.0' }], hostile, 'none', undefined]) {
      const dir = packageOf({
        'vendor/colours-1.0.dist-info/METADATA': metadata,
        'vendor/fidius-vendor.json': JSON.stringify({ ...older, distributions }),
      });

      expect((await vendorDependencies(dir)).distributions).toEqual([
        { name: 'colours', version: '1.0', tags: [], requiresPython: '' },
      ]);
    }
  });

  it('starts a relative path of the Python in the current folder, not in the package', async () => {
    const dir = packageOf({ 'requirements.txt': 'colours', 'bin/python3': '#!/bin/sh\nexit 1\n' });
    const options = offline([{ name: 'colours', version: '1.2.0' }]);

    // The folder `test` exists here only.
    const python = `./test/../${relative(process.cwd(), pythonWithPip)}`;
    const outcome = await vendorDependencies(dir, { ...options, python });

    expect(outcome.status).toBe('vendored');
  });

  it('finds nothing to do without a requirements file, or in a package without Python', async () => {
    const rust = pythonManifest().replace('runtime = "python"\n', '').replace('[python]\nentry_module = "demo"\n', '');

    expect((await vendorDependencies(packageOf())).status).toBe('nothing');
    expect((await vendorDependencies(folderOf({ 'package.toml': rust, 'requirements.txt': 'x' }))).status).toBe(
      'nothing',
    );
  });

  it('obeys a constraints file', async () => {
    const dir = packageOf({ 'requirements.txt': 'colours' });
    const constraints = join(folderOf({ 'constraints.txt': 'colours<2\n' }), 'constraints.txt');
    const options = offline(['1.2.0', '2.0.0'].map((version) => ({ name: 'colours', version })));

    const { distributions } = await vendorDependencies(dir, { ...options, constraints });

    expect(distributions.map(({ version }) => version)).toEqual(['1.2.0']);
  });

  it('checks hashes where they are given, and can ask for them everywhere', async () => {
    const options = offline([{ name: 'colours', version: '1.2.0' }]);
    const wheel = readFileSync(join(options.wheels ?? '', 'colours-1.2.0-py3-none-any.whl'));
    const good = `colours==1.2.0 --hash=sha256:${createHash('sha256').update(wheel).digest('hex')}\n`;
    const bad = `colours==1.2.0 --hash=sha256:${'0'.repeat(64)}\n`;
    const vendor = (requirements: string) =>
      vendorDependencies(packageOf({ 'requirements.txt': requirements }), { ...options, requireHashes: true });

    expect((await vendor(good)).status).toBe('vendored');
    expect((await failureOf(() => vendor(bad))).message).toMatch(
      /pip install failed \(exit code 1\)[\s\S]*DO NOT MATCH THE HASHES/,
    );
    expect((await failureOf(() => vendor('colours==1.2.0'))).message).toContain('Hashes are required');
  });

  it('passes on what pip has to say, and leaves the package as it was', async () => {
    const dir = packageOf({ 'requirements.txt': 'no-such-thing==9' });
    const before = readdirSync(dir);

    const error = await failureOf(() => vendorDependencies(dir, offline([])));

    expect(error.code).toBe('FIDIUS_VENDOR_FAILED');
    expect(error.message).toMatch(
      /^pip install failed \(exit code 1\): [\s\S]*No matching distribution found for no-such-thing==9/,
    );
    expect(readdirSync(dir)).toEqual(before);
  });

  it.each([
    ['is missing', '/nowhere/python3', 'ENOENT'],
    ['has no pip', 'echo "python3: No module named pip" >&2; exit 1', 'it has no module pip'],
    ['has an old pip', 'echo "no such option: --report" >&2; exit 2', 'its pip is older than 22.2'],
  ])('says when the Python %s', async (_what, python, problem) => {
    const dir = packageOf({ 'requirements.txt': 'colours' });
    const executable = python.startsWith('/') ? python : answering(python);

    const error = await failureOf(() => vendorDependencies(dir, { python: executable, installer: 'pip' }));

    expect(error.code).toBe('FIDIUS_VENDOR_NO_INSTALLER');
    expect(error.message).toContain(problem);
    expect(error.hint).toContain('pip 22.2 or later');
  });

  it.each([
    ['nothing at all', 'exit 3', 'did not report its version (exit code 3)'],
    ['no path', 'echo \'{"executable": ""}\'', 'did not report its version'],
  ])('says when the Python reports %s', async (_what, body, problem) => {
    const dir = packageOf({ 'requirements.txt': 'colours' });

    const error = await failureOf(() => vendorDependencies(dir, { python: script(body), installer: 'pip' }));

    expect(error.code).toBe('FIDIUS_VENDOR_FAILED');
    expect(error.message).toContain(problem);
  });

  // A script in place of uv, as not every machine has uv; the attacks on vendoring use the real one where there is one.
  it('uses uv if it is installed, and copies instead of linking into its cache', async () => {
    const dir = packageOf({ 'requirements.txt': 'colours' });
    const log = join(tempFolder(), 'log');
    const uv = uvThat(`echo "$@" >> "${log}"`, '0.6.15', 'colours');
    vi.stubEnv('PATH', `${join(uv, '..')}${delimiter}${process.env['PATH']}`);

    const { distributions } = await vendorDependencies(dir, { python: pythonWithPip });

    vi.unstubAllEnvs();
    expect(distributions).toMatchObject([
      { name: 'colours', source: 'https://example.org/colours-1-py3-none-any.whl' },
    ]);
    const common = '--no-config --quiet --python \\S+ --no-build';
    const work = `\\S+/scratch-vendor`;
    expect(readFileSync(log, 'utf8')).toMatch(
      new RegExp(
        `^--version\npip compile ${common} ${work}/requirements.txt --output-file ${work}/pylock.toml\n` +
          `pip install ${common} --link-mode copy --requirement ${work}/pylock.toml --target \\S+/new\n$`,
      ),
    );
  });

  it('uses pip in place of a uv that is too old to report what it installs', async () => {
    const dir = packageOf({ 'requirements.txt': 'colours' });
    const { installer: _installer, ...options } = offline([{ name: 'colours', version: '1.2.0' }]);
    const uv = uvThat('', '0.6.14', 'colours');
    vi.stubEnv('PATH', `${join(uv, '..')}${delimiter}${process.env['PATH']}`);

    await vendorDependencies(dir, options);

    vi.unstubAllEnvs();
    const record = JSON.parse(readFileSync(join(dir, 'vendor', 'fidius-vendor.json'), 'utf8'));
    expect(record.installer).toBe('pip');
  });

  it.each([
    [
      'TOML is not a supported output format for `uv pip compile`',
      'FIDIUS_VENDOR_NO_INSTALLER',
      'it is older than 0.6.15',
    ],
    ['something else', 'FIDIUS_VENDOR_FAILED', 'something else'],
  ])('says when uv fails: %s', async (said, code, problem) => {
    const dir = packageOf({ 'requirements.txt': 'colours' });
    const uv = script(`echo "${said.replaceAll('`', "'")}" >&2; exit 2`, 'uv');
    vi.stubEnv('PATH', `${join(uv, '..')}${delimiter}${process.env['PATH']}`);

    const error = await failureOf(() => vendorDependencies(dir, { python: pythonWithPip, installer: 'uv' }));

    vi.unstubAllEnvs();
    expect(error.code).toBe(code);
    expect(error.message).toContain(problem);
  });

  it('asks uv for the folder of wheels alone, without a network', async () => {
    const dir = packageOf({ 'requirements.txt': 'colours' });
    const uv = script('echo "$@" >&2; exit 2', 'uv');
    vi.stubEnv('PATH', `${join(uv, '..')}${delimiter}${process.env['PATH']}`);

    const options = { python: pythonWithPip, installer: 'uv', wheels: '/some/wheels' } as const;
    const error = await failureOf(() => vendorDependencies(dir, options));

    vi.unstubAllEnvs();
    expect(error.message).toContain('--no-build --no-index --find-links /some/wheels --offline');
  });

  it.each(['../requirements.txt', '/etc/requirements.txt'])('refuses the requirements file %s', async (path) => {
    const dir = packageOf();
    writeFileSync(join(dir, 'package.toml'), `${pythonManifest()}requirements = "${path}"\n`);

    const error = await failureOf(() => vendorDependencies(dir));

    expect(error.code).toBe('FIDIUS_VENDOR_REQUIREMENTS');
    expect(error.message).toContain(`the requirements file "${path}" is outside the package`);
  });

  it('installs into the package whatever variables and a pip.conf say', async () => {
    const elsewhere = tempFolder();
    const settings = {
      user: '1',
      dry_run: '1',
      require_virtualenv: '1',
      root: elsewhere,
      prefix: elsewhere,
      target: elsewhere,
    };
    const options = offline([{ name: 'colours', version: '1.2.0' }]);
    const byVariables = packageOf({ 'requirements.txt': 'colours' });
    const byFile = packageOf({ 'requirements.txt': 'colours' });
    const lines = Object.entries(settings).map(([name, value]) => `${name.replace('_', '-')} = ${value}`);
    const config = join(
      folderOf({ 'pip.conf': `[install]\n${lines.join('\n')}\n[global]\nrequire-virtualenv = 1\n` }),
      'pip.conf',
    );

    for (const [name, value] of Object.entries(settings)) vi.stubEnv(`PIP_${name.toUpperCase()}`, value);
    for (const name of ['VERSION', 'HELP', 'PYTHON', 'EDITABLE', 'REQUIREMENT']) vi.stubEnv(`PIP_${name}`, '/nowhere');
    await vendorDependencies(byVariables, options);
    vi.unstubAllEnvs();
    vi.stubEnv('PIP_CONFIG_FILE', config);
    await vendorDependencies(byFile, options);
    vi.unstubAllEnvs();

    for (const dir of [byVariables, byFile]) expect(existsSync(join(dir, 'vendor', 'colours.py'))).toBe(true);
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it('keeps the settings that say where distributions come from', async () => {
    const { wheels = '', ...options } = offline([{ name: 'colours', version: '1.2.0' }]);
    const dir = packageOf({ 'requirements.txt': 'colours' });
    vi.stubEnv('PIP_NO_INDEX', '1');
    vi.stubEnv('PIP_FIND_LINKS', wheels);

    const { distributions } = await vendorDependencies(dir, options);

    vi.unstubAllEnvs();
    expect(distributions.map(({ name }) => name)).toEqual(['colours']);
  });

  it.each(['-e ./lib', '--editable=./lib', '-e git+https://example.org/x#egg=lib', '  --editable  ./lib  # mine'])(
    'refuses the editable requirement %s before anything is installed',
    async (line) => {
      const dir = packageOf({ 'requirements.txt': `# ours\n${line}\n`, 'lib/setup.py': '' });
      const before = readdirSync(dir);

      const error = await failureOf(() => vendorDependencies(dir, { python: '/nowhere/python3', installer: 'pip' }));

      const text = line
        .replace(/#.*mine/, '')
        .trim()
        .replace(/\s+/g, ' ');
      expect(error.code).toBe('FIDIUS_VENDOR_FAILED');
      const place = `line 2 of ${join(dir, 'requirements.txt')}`;
      expect(error.message).toContain(`${place}, ${JSON.stringify(text)}, is editable, and would install only a link`);
      expect(error.hint).toContain('Remove `-e` from the line');
      expect(readdirSync(dir)).toEqual(before);
    },
  );

  it.each([
    ['an egg-link', 'echo /home/me/lib > "$2/lib.egg-link"'],
    [
      'the record of an editable wheel',
      `mkdir -p "$2/lib-1.dist-info"; echo '{"url": "file:///lib", "dir_info": {"editable": true}}' > "$2/lib-1.dist-info/direct_url.json"`,
    ],
  ])('rejects what a setting of pip has left as a link: %s', async (_what, leave) => {
    const dir = packageOf({ 'requirements.txt': 'lib' });
    const before = readdirSync(dir);

    const error = await failureOf(() => vendorDependencies(dir, { python: leaving(leave), installer: 'pip' }));

    expect(error.code).toBe('FIDIUS_VENDOR_FAILED');
    expect(error.message).toContain('lib was installed as editable, which is only a link to a folder');
    expect(readdirSync(dir)).toEqual(before);
  });

  it.each([
    ['a name', 'colours==1.2.0 --hash=sha256:00', 'colours==1.2.0', ':'],
    ['a name beside others', 'Other_One[extra]>=1\ncolours', 'colours', dist('other-one')],
    [
      'a name with an address',
      'colours @ https://example.org/c.whl',
      'colours @ https://example.org/c.whl',
      dist('other'),
    ],
    ['a folder', './lib', './lib', ':'],
  ])('rejects a success of pip that did not install %s', async (_what, lines, missing, leave) => {
    const dir = packageOf({ 'requirements.txt': lines });
    const before = readdirSync(dir);

    const options = { python: leaving(leave), installer: 'pip', allowBuild: true } as const;
    const error = await failureOf(() => vendorDependencies(dir, options));

    expect(error.code).toBe('FIDIUS_VENDOR_FAILED');
    expect(error.message).toBe(
      `Cannot vendor dependencies: pip reported success, but did not install ${missing} of ${join(dir, 'requirements.txt')}`,
    );
    expect(error.hint).toContain('pip config list');
    expect(readdirSync(dir)).toEqual(before);
  });

  it('rejects a build that pip reports, although no setting allows it', async () => {
    const dir = packageOf({ 'requirements.txt': 'colours' });
    const built =
      '{"download_info": {"url": "https://x/colours-1.zip", "archive_info": {}}, "metadata": {"name": "colours"}}';
    const python = leaving(`${dist('colours')}; echo '{"version": "1", "install": [${built}]}' > "$report"`);

    const error = await failureOf(() => vendorDependencies(dir, { python, installer: 'pip' }));

    expect(error.code).toBe('FIDIUS_VENDOR_BUILD');
    expect(error.message).toContain(
      'pip built colours 1 from https://x/colours-1.zip, although builds are not allowed',
    );
    expect(existsSync(join(dir, 'vendor'))).toBe(false);
  });

  it.each(['not JSON', '{}', '{"install": [{}]}'])('rejects a report that it cannot read: %s', async (report) => {
    const dir = packageOf({ 'requirements.txt': 'colours' });
    const python = leaving(`${dist('colours')}; echo '${report}' > "$report"`);

    const error = await failureOf(() => vendorDependencies(dir, { python, installer: 'pip' }));

    expect(error.message).toContain('pip did not report what it installed');
  });

  it('does not miss what a marker leaves out, what is built the old way, and what no line names', async () => {
    const requirements = [
      '--index-url https://example.org/simple',
      'colours; sys_platform == "win32"',
      './lib ; python_version < "3"',
      'Old.Style',
      './wheels/other-1-py3-none-any.whl',
    ];
    const dir = packageOf({ 'requirements.txt': requirements.join('\n') });
    const leave = 'mkdir -p "$2/old_style-1.0-py3.9.egg-info"; echo > "$2/old_style.py"';

    const options = { python: leaving(leave), installer: 'pip', allowBuild: true } as const;
    const outcome = await vendorDependencies(dir, options);

    expect(outcome.status).toBe('vendored');
    expect(existsSync(join(dir, 'vendor', 'old_style.py'))).toBe(true);
  });

  it('stops when it is told to, and leaves the package as it was', async () => {
    const dir = packageOf({ 'requirements.txt': 'colours' });
    const controller = new AbortController();
    const attempt = vendorDependencies(dir, {
      python: script('sleep 60'),
      installer: 'pip',
      signal: controller.signal,
    });
    // While the installer runs, in most runs: nothing tells when it begins.
    setTimeout(() => controller.abort(new Error('enough')), 50);

    await expect(attempt).rejects.toThrow('enough');

    expect(readdirSync(dir).sort()).toEqual(['package.toml', 'requirements.txt']);
  });
});

describe('packPackage', () => {
  it('vendors before it signs, so that the signature covers what was vendored', async () => {
    const dir = packageOf({ 'requirements.txt': 'colours' });
    const key = SecretKey.generate();
    const vendor = offline([{ name: 'colours', version: '1.2.0' }]);

    const packed = await packPackage(dir, { output: join(tempFolder(), 'x.fid'), key, vendor });

    expect(packed.signature).toBe('made');
    expect(packed.vendored?.status).toBe('vendored');
    expect(readFileSync(join(dir, 'package.files.sig'), 'utf8')).toContain('"vendor/colours.py"');
  });

  it('refuses a signed package that is yet to be vendored, and vendors nothing', async () => {
    const dir = packageOf({ 'requirements.txt': 'colours' });
    await signPackage(dir, { key: SecretKey.generate() });

    const error = await failureOf(() => packPackage(dir, { output: join(tempFolder(), 'x.fid') }));

    expect(error.code).toBe('FIDIUS_SIGNATURE_STALE');
    expect(error.message).toContain('its dependencies are not vendored yet');
    expect(existsSync(join(dir, 'vendor'))).toBe(false);
  });

  it('can leave vendoring out', async () => {
    const dir = packageOf({ 'requirements.txt': 'colours' });

    const packed = await packPackage(dir, { output: join(tempFolder(), 'x.fid'), vendor: false });

    expect(packed.vendored).toBeUndefined();
    expect(existsSync(join(dir, 'vendor'))).toBe(false);
  });
});

/** Options for pip that fetch nothing from anywhere. */
function offline(wheels: Parameters<typeof makeWheels>[1]): VendorOptions {
  const dir = join(tempFolder(), 'wheels');
  makeWheels(dir, wheels);
  return { python: pythonWithPip, installer: 'pip', wheels: dir };
}

/** A Python whose pip only leaves something in the target, and reports success. */
function leaving(shell: string): string {
  return answering(
    'report=; while [ "$1" != --target ]; do [ "$1" = --report ] && report="$2"; shift; done\n' +
      `echo '{"version": "1", "install": []}' > "$report"\nmkdir -p "$2"\n${shell}`,
  );
}

/** A Python that describes itself, and runs this in place of pip. */
function answering(shell: string): string {
  const describe = '{"executable": "\'"$0"\'", "version": "3.9.0", "implementation": "cpython", "machine": "x86_64"}';
  return script(`case "$*" in *--target*) ;; *) echo '${describe}'; exit 0;; esac\n${shell}`);
}

/** A uv that does the little that matters here: it writes a lock file, and puts a module into the target. */
function uvThat(first: string, version: string, name: string): string {
  const file = `${name}-1-py3-none-any.whl`;
  const lock = `[[packages]]\\nname = "${name}"\\nversion = "1"\\nwheels = [{ url = "https://me:pw@example.org/${file}?k=1", hashes = {} }]\\n`;
  return script(
    `${first}
[ "$1" = --version ] && echo "uv ${version} (x86_64)" && exit 0
if [ "$2" = compile ]; then while [ "$1" != --output-file ]; do shift; done; printf '${lock}' > "$2"; exit 0; fi
while [ "$1" != --target ]; do shift; done
${dist(name)}; printf "Tag: py3-none-any\\n" > "$2/${name}-1.dist-info/WHEEL"`,
    'uv',
  );
}

/** Leaves a distribution of this name in the target. */
function dist(name: string): string {
  return `mkdir -p "$2/${name}-1.dist-info"; printf "Name: ${name}\\nVersion: 1\\n" > "$2/${name}-1.dist-info/METADATA"`;
}

function script(body: string, name = 'python3'): string {
  const path = join(tempFolder(), name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

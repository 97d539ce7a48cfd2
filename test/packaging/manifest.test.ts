import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { isFidiusError, type Manifest, ManifestError } from '../../src/index.ts';
import { type ManifestOptions, readManifest } from '../../src/packaging.ts';

const header = `
[package]
name = "demo"
version = "1.0.0"
interface = "Greeter"
interface_version = 1
`;
const metadata = '[metadata]\n';
const python = '[python]\nentry_module = "demo"\n';
const wasm = '[wasm]\ncomponent = "demo.wasm"\n';
const common = {
  name: 'demo',
  version: '1.0.0',
  interface: 'Greeter',
  interfaceVersion: 1,
  extension: 'fid',
  metadata: {},
};

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fidius-manifest-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

describe('the text of a manifest', () => {
  it('reads a Rust manifest, which is what a manifest without a runtime is', () => {
    expect(read(header + metadata)).toEqual({ ...common, runtime: 'rust' });
    expect(read(`${header}runtime = "rust"\n${metadata}`)).toEqual({ ...common, runtime: 'rust' });
  });

  it('reads a Python manifest, with and without its defaults', () => {
    expect(read(`${header}runtime = "python"\n${metadata}${python}`)).toEqual({
      ...common,
      runtime: 'python',
      python: { entryModule: 'demo', requirements: 'requirements.txt' },
    });
    expect(
      read(`${header}runtime = "python"\nextension = "weir"\n${metadata}${python}requirements = "deps/all.txt"`),
    ).toEqual({
      ...common,
      extension: 'weir',
      runtime: 'python',
      python: { entryModule: 'demo', requirements: 'deps/all.txt' },
    });
  });

  it('reads a WebAssembly manifest, with and without its defaults', () => {
    expect(read(`${header}runtime = "wasm"\n${metadata}${wasm}`)).toEqual({
      ...common,
      runtime: 'wasm',
      wasm: { component: 'demo.wasm', precompiled: undefined, capabilities: [] },
    });
    const full = `${wasm}precompiled = "demo.cwasm"\ncapabilities = ["stdio", "sockets"]`;
    expect(read(`${header}runtime = "wasm"\n${metadata}${full}`)).toMatchObject({
      wasm: { component: 'demo.wasm', precompiled: 'demo.cwasm', capabilities: ['stdio', 'sockets'] },
    });
  });

  it('tells the section from the runtime, to the compiler too', () => {
    const manifest = read(`${header}runtime = "python"\n${metadata}${python}`);

    if (manifest.runtime !== 'python') throw new Error('The runtime is not python');
    expectTypeOf(manifest.python.entryModule).toEqualTypeOf<string>();
    expect(manifest.python.entryModule).toBe('demo');
  });

  it('ignores unknown keys and sections', () => {
    const text = `${header}source_hash = "x"\n${metadata}[dependencies]\nother = "1"\n[[tool.things]]\nx = 1\n`;

    expect(read(text)).toEqual({ ...common, runtime: 'rust' });
  });

  it('accepts a byte order mark, Windows line ends, and every way to write a table', () => {
    const inline =
      '\uFEFFpackage = { name = "demo", version = "1.0.0", interface = "Greeter", interface_version = 0x1 }\r\nmetadata = {}';
    const dotted =
      'package.name = "demo"\npackage."version" = \'1.0.0\'\npackage.interface = """Greeter"""\npackage.interface_version = 1\nmetadata = {}';

    expect(read(inline)).toEqual({ ...common, runtime: 'rust' });
    expect(read(dotted)).toEqual({ ...common, runtime: 'rust' });
  });

  it('does not judge name, version or extension', () => {
    const text = `[package]\nname = "../x"\nversion = ""\ninterface = ""\ninterface_version = 4294967295\nextension = "a/b"\n[metadata]`;

    expect(read(text)).toMatchObject({ name: '../x', version: '', extension: 'a/b', interfaceVersion: 4294967295 });
  });

  describe('refuses what does not fit the schema', () => {
    it.each([
      ['no package', metadata, '/package: is missing, must be a table'],
      ['package of another type', `package = 1\n${metadata}`, '1:1 /package: must be a table, is an integer'],
      ['package as an array', `[[package]]\n${metadata}`, '1:1 /package: must be a table, is an array'],
      ['no name', without('name'), '2:1 /package/name: is missing, must be a string'],
      [
        'a numeric name',
        header.replace('"demo"', '1') + metadata,
        '3:1 /package/name: must be a string, is an integer',
      ],
      ['no version', without('version'), '2:1 /package/version: is missing, must be a string'],
      [
        'a float version',
        header.replace('"1.0.0"', '1.0') + metadata,
        '4:1 /package/version: must be a string, is a float',
      ],
      ['no interface', without('interface'), '2:1 /package/interface: is missing, must be a string'],
      [
        'no interface_version',
        without('interface_version'),
        '2:1 /package/interface_version: is missing, must be an integer',
      ],
      ['a negative interface_version', withVersion('-1'), 'interface_version: must be between 0 and 4294967295, is -1'],
      ['an interface_version of 2^32', withVersion('4294967296'), 'must be between 0 and 4294967295, is 4294967296'],
      [
        'an interface_version with a point',
        withVersion('1.0'),
        '6:1 /package/interface_version: must be an integer, is a float',
      ],
      [
        'a textual interface_version',
        withVersion('"1"'),
        '/package/interface_version: must be an integer, is a string',
      ],
      [
        'a date as extension',
        `${header}extension = 2020-01-01\n${metadata}`,
        '/package/extension: must be a string, is a date',
      ],
      [
        'a boolean runtime',
        `${header}runtime = true\n${metadata}`,
        '7:1 /package/runtime: must be a string, is a boolean',
      ],
      ['no metadata', header, '/metadata: is missing, must be present even if empty'],
      ['no entry_module', `${header}${metadata}[python]`, '8:1 /python/entry_module: is missing, must be a string'],
      [
        'a numeric entry_module',
        `${header}${metadata}[python]\nentry_module = 5`,
        '9:1 /python/entry_module: must be a string',
      ],
      [
        'numeric requirements',
        `${header}${metadata}${python}requirements = 5`,
        '/python/requirements: must be a string',
      ],
      ['python of another type', `python = []\n${header}${metadata}`, '1:1 /python: must be a table, is an array'],
      ['no component', `${header}${metadata}[wasm]`, '8:1 /wasm/component: is missing, must be a string'],
      ['a numeric precompiled', `${header}${metadata}${wasm}precompiled = 5`, '/wasm/precompiled: must be a string'],
      [
        'capabilities as text',
        `${header}${metadata}${wasm}capabilities = "all"`,
        '/wasm/capabilities: must be an array of strings',
      ],
      [
        'a numeric capability',
        `${header}${metadata}${wasm}capabilities = ["a", 5]`,
        '/wasm/capabilities/1: must be a string',
      ],
      [
        'an integer of 65 bits',
        `${header}${metadata}x = 9223372036854775808`,
        '8:1 /metadata/x: must fit in a signed integer',
      ],
      [
        'the same in an unknown section',
        `${header}${metadata}[x]\ny = -9223372036854775809`,
        '/x/y: must fit in a signed integer',
      ],
    ])('%s', (_what, text, problem) => {
      const error = failure(() => read(text));

      expect(error.code).toBe('FIDIUS_MANIFEST_PARSE');
      expect(issuesOf(error)).toEqual([expect.stringContaining(problem)]);
    });
  });

  it('reports a syntax error with its line and column', () => {
    const error = failure(() => read('[package]\nname = demo\n'));

    expect(error.code).toBe('FIDIUS_MANIFEST_PARSE');
    expect(error.issues).toEqual([{ path: '', message: 'invalid value', line: 2, column: 8 }]);
  });

  it('reports everything that is wrong at once, for people to read', () => {
    const text =
      '[package]\nname = 1\ninterface = "Greeter"\ninterface_version = -1\n\n[python]\n# later\nrequirements = []\n';

    expect(failure(() => read(text)).message.replace(dir, '<here>')).toMatchInlineSnapshot(`
      "Invalid manifest <here>/package.toml
        /package/name: must be a string, is an integer (line 2, column 1)
        /package/version: is missing, must be a string (line 1, column 1)
        /package/interface_version: must be between 0 and 4294967295, is -1 (line 4, column 1)
        /python/entry_module: is missing, must be a string (line 6, column 1)
        /python/requirements: must be a string, is an array (line 8, column 1)
        /metadata: is missing, must be present even if empty"
    `);
  });

  it.each([
    ['a later line of a multi-line value', 'x = """\n[package]\\\n"""""\ny = [ # ]\n"]",\n[1],\n]\n', 8],
    ['a quoted key', '"a ] = b" = 1\n[\'x\'.\ty]\n"#" = { a = "]" }\n', 4],
    ['arrays of tables', "[[x]]\na = 1\n[[x]]\n[x.b]\nc = ''''''\n", 6],
  ])('finds its line after %s', (_what, before, line) => {
    const error = failure(() => read(`${before}[package]\nname = 1`));

    expect(error.issues.find((issue) => issue.path === '/package/name')).toMatchObject({ line: line + 1, column: 1 });
  });

  describe('compares runtime and sections, after the schema', () => {
    const mustBeAbsent = (section: string, runtime: string) =>
      `/${section}: must be absent: the runtime is "${runtime}"`;
    it.each([
      ['rust with python', 'rust', python, [mustBeAbsent('python', 'rust')]],
      ['rust with wasm', 'rust', wasm, [mustBeAbsent('wasm', 'rust')]],
      ['rust with both', 'rust', python + wasm, [mustBeAbsent('python', 'rust'), mustBeAbsent('wasm', 'rust')]],
      [
        'python with none',
        'python',
        '',
        ['/python: is missing: runtime "python" needs this section, with entry_module'],
      ],
      ['python with wasm', 'python', wasm, ['/python: is missing', mustBeAbsent('wasm', 'python')]],
      ['python with both', 'python', python + wasm, [mustBeAbsent('wasm', 'python')]],
      ['wasm with python', 'wasm', python, [mustBeAbsent('python', 'wasm'), '/wasm: is missing']],
      ['wasm with both', 'wasm', python + wasm, [mustBeAbsent('python', 'wasm')]],
      ['wasm with none', 'wasm', '', ['/wasm: is missing: runtime "wasm" needs this section, with component']],
      ['an unknown runtime', 'node', '', ['7:1 /package/runtime: must be "rust", "python" or "wasm", is "node"']],
      ['a runtime in capitals', 'Python', python, ['is "Python"']],
    ])('%s', (_what, runtime, sections, problems) => {
      const error = failure(() => read(`${header}runtime = "${runtime}"\n${metadata}${sections}`));

      expect(error.code).toBe('FIDIUS_MANIFEST_INVALID');
      expect(issuesOf(error)).toEqual(problems.map((problem) => expect.stringContaining(problem)));
    });

    it('and a missing section of a manifest without runtime is none', () => {
      const error = failure(() => read(header + metadata + python));

      expect(error.code).toBe('FIDIUS_MANIFEST_INVALID');
      expect(issuesOf(error)).toEqual([`8:1 ${mustBeAbsent('python', 'rust')}`]);
    });

    it('so that an unknown runtime without metadata is a schema error', () => {
      const error = failure(() => read(`${header}runtime = "node"\n`));

      expect(error.code).toBe('FIDIUS_MANIFEST_PARSE');
      expect(issuesOf(error)).toEqual(['/metadata: is missing, must be present even if empty']);
    });
  });

  describe('metadata', () => {
    const schema = z.object({ category: z.string(), ports: z.array(z.number()).default([]) });

    it('is any TOML value when the host brings no validator', () => {
      expect(read(`metadata = 5\n${header}`).metadata).toBe(5);
      expect(read(`${header}${metadata}a = [1, 2.5, "x", true]\nb.c = {}`).metadata).toEqual({
        a: [1, 2.5, 'x', true],
        b: { c: {} },
      });
    });

    it('keeps integers exact, dates as dates, and odd keys as data', () => {
      const text = `${header}${metadata}
        safe = 9007199254740991
        big = 9007199254740993
        min = -9223372036854775808
        at = 2020-01-01T12:00:00+02:00
        day = 2020-01-01
        __proto__ = 1
      `;

      const data = read(text).metadata as Record<string, unknown>;

      expect(data).toMatchObject({
        safe: 9007199254740991,
        big: 9007199254740993n,
        min: -(2n ** 63n),
        day: '2020-01-01',
      });
      expect(data['at']).toEqual(new Date('2020-01-01T10:00:00Z'));
      expect(Object.keys(data)).toContain('__proto__');
      expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    });

    it('has the type and the defaults of a validator', () => {
      const manifest = read(`${header}${metadata}category = "test"\nextra = 1`, { metadata: schema });

      expectTypeOf(manifest).toEqualTypeOf<Manifest<{ category: string; ports: number[] }>>();
      expect(manifest.metadata).toEqual({ category: 'test', ports: [] });
    });

    it('that does not fit is reported with the other schema errors, each with its line', () => {
      const text = `${header.replace('"demo"', '1')}${metadata}ports = [\n  1,\n  "x",\n]\n`;

      const error = failure(() => read(text, { metadata: schema }));

      expect(error.code).toBe('FIDIUS_MANIFEST_PARSE');
      expect(issuesOf(error)).toEqual([
        '3:1 /package/name: must be a string, is an integer',
        '7:1 /metadata/category: Invalid input: expected string, received undefined',
        '8:1 /metadata/ports/1: Invalid input: expected number, received string',
      ]);
    });

    it('cannot be validated by a promise', () => {
      const schema = z.object({}).refine(async () => true);

      const attempt = () => read(header + metadata, { metadata: schema });

      expect(attempt).toThrow(expect.objectContaining({ code: 'FIDIUS_OPTION_INVALID' }));
      expect(attempt).toThrow('is an asynchronous validator');
    });
  });

  it('never throws anything but a ManifestError, whatever the text', () => {
    const line = fc.oneof(
      fc.constantFrom(...(header + metadata + python + wasm).split('\n')),
      fc.constantFrom(
        '[[x]]',
        '[a.b]',
        'a.b = {',
        '"""',
        "'''",
        'x = [',
        ']',
        '}',
        '# c',
        '"a\\u0000b" = 1',
        'y = 1e400',
        '\r',
      ),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'[]{}="\'\\#.,\n\r\t ab0-_:TZ\uFEFF\uD800'.split('')) }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const outcome = outcomeOf(() => read(lines.join('\n')));

        expect(outcome === 'read' || outcome instanceof ManifestError).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['arrays', `x = ${'['.repeat(60_000)}`],
    ['inline tables', `x = ${'{a='.repeat(20_000)}`],
    ['a table header', `[${'a.'.repeat(20_000)}a]\n${header}${metadata}`],
  ])('refuses endless nesting of %s', (_what, text) => {
    expect(failure(() => read(text)).message).toContain('nested');
  });
});

describe('readManifest', () => {
  it('reads the file of a folder', () => {
    writeFileSync(join(dir, 'package.toml'), header + metadata);

    expect(readManifest(dir)).toEqual({ ...common, runtime: 'rust' });
  });

  it('names the file in its complaint', () => {
    writeFileSync(join(dir, 'package.toml'), header);

    expect(() => readManifest(dir)).toThrow(`Invalid manifest ${join(dir, 'package.toml')}\n  /metadata: is missing`);
  });

  it.each([
    ['an empty folder', (): string => dir],
    ['a missing folder', (): string => join(dir, 'none')],
    [
      'a file in place of the folder',
      (): string => {
        writeFileSync(join(dir, 'file'), '');
        return join(dir, 'file');
      },
    ],
    [
      'a dangling link',
      (): string => {
        symlinkSync('nowhere', join(dir, 'package.toml'));
        return dir;
      },
    ],
  ])('finds no manifest in %s', (_what, arrange) => {
    const where = arrange();

    const attempt = () => readManifest(where);

    expect(attempt).toThrow(expect.objectContaining({ code: 'FIDIUS_MANIFEST_NOT_FOUND' }));
    expect(attempt).toThrow(`No package.toml in ${where}`);
  });

  it('cannot read bytes that are not UTF-8', () => {
    writeFileSync(join(dir, 'package.toml'), Buffer.from([0x61, 0xff]));

    expect(unreadable()).toContain('it is not UTF-8 text');
  });

  it('cannot read a folder', () => {
    mkdirSync(join(dir, 'package.toml'));

    expect(unreadable()).toContain('it is a folder');
  });

  it('cannot read a file beyond the size limit', () => {
    writeFileSync(join(dir, 'package.toml'), Buffer.alloc(64 * 1024 + 1, '#'));

    expect(unreadable()).toContain('it has 65537 bytes, the limit is 65536');
  });

  it.each([
    [
      'a misspelt option',
      { metaData: z.object({}) },
      'FIDIUS_OPTION_UNKNOWN',
      'Unknown option "metaData" in readManifest()',
    ],
    ['a validator that is none', { metadata: {} }, 'FIDIUS_OPTION_INVALID', 'must be a Standard Schema validator'],
  ])('refuses %s', (_what, options, code, message) => {
    const attempt = () => readManifest(dir, options as ManifestOptions);

    expect(attempt).toThrow(expect.objectContaining({ code }));
    expect(attempt).toThrow(message);
  });

  it('refuses a folder that is not a path', () => {
    // @ts-expect-error: what a caller without types may do
    expect(() => readManifest(5)).toThrow('readManifest() takes the path of a folder, got 5');
  });

  function unreadable(): string {
    try {
      readManifest(dir);
    } catch (error) {
      if (isFidiusError(error) && error.code === 'FIDIUS_MANIFEST_UNREADABLE') return error.message;
      throw error;
    }
    return expect.unreachable();
  }
});

function read<Metadata>(text: string, options: ManifestOptions<Metadata> = {}): Manifest<Metadata> {
  writeFileSync(join(dir, 'package.toml'), text);
  return readManifest(dir, options);
}

function without(key: string): string {
  return header.replace(new RegExp(`^${key} = .*\n`, 'm'), '') + metadata;
}

function withVersion(value: string): string {
  return header.replace('interface_version = 1', `interface_version = ${value}`) + metadata;
}

function failure(attempt: () => unknown): ManifestError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof ManifestError) return error;
    throw error;
  }
  return expect.unreachable();
}

function outcomeOf(attempt: () => unknown): unknown {
  try {
    attempt();
    return 'read';
  } catch (error) {
    return error;
  }
}

/** Each issue as `line:column path: message`. */
function issuesOf(error: ManifestError): string[] {
  return error.issues.map(
    ({ line, column, path, message }) => `${line === undefined ? '' : `${line}:${column} `}${path}: ${message}`,
  );
}

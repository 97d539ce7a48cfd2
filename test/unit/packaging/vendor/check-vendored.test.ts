import { describe, expect, it } from 'vitest';
import {
  allowsPython,
  findVendorProblems,
  fitsTag,
  requireVendoredFor,
  type TargetPython,
  type TargetSystem,
} from '../../../../src/packaging/vendor/check-vendored.ts';
import {
  describeVendorConflict,
  findVendorConflicts,
  readVendored,
} from '../../../../src/packaging/vendor/vendor-conflicts.ts';
import { failureOf } from '../../../support/failure.ts';
import { packageOf } from '../../../support/packages.ts';

const python: TargetPython = { version: '3.11.7', implementation: 'cpython', machine: 'x64', freeThreaded: false };
const linux: TargetSystem = { platform: 'linux', glibc: '2.36' };

describe('fitsTag', () => {
  it.each([
    'py3-none-any',
    'py2.py3-none-any',
    'py39-none-any',
    'cp311-none-any',
    'cp311-cp311-linux_x86_64',
    'cp311-cp311-manylinux_2_17_x86_64',
    'cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64',
    'cp39-abi3-manylinux1_x86_64',
    'cp311-cp311-manylinux_2_36_x86_64',
    'something-new-entirely',
  ])('takes %s for CPython 3.11 on Linux', (tag) => {
    expect(fitsTag(tag, python, linux)).toBe(true);
  });

  it.each([
    'py2-none-any',
    'py312-none-any',
    'cp310-none-any',
    'cp310-cp310-manylinux_2_17_x86_64',
    'cp311-cp311-manylinux_2_17_aarch64',
    'cp311-cp311-manylinux_2_37_x86_64',
    'cp311-cp311-musllinux_1_2_x86_64',
    'cp311-cp311-macosx_11_0_arm64',
    'cp311-cp311-win_amd64',
    'cp312-abi3-manylinux_2_17_x86_64',
    'cp311-cp311t-manylinux_2_17_x86_64',
    'pp310-pypy310_pp73-manylinux_2_17_x86_64',
  ])('refuses %s for CPython 3.11 on Linux', (tag) => {
    expect(fitsTag(tag, python, linux)).toBe(false);
  });

  it.each([
    ['cp313-cp313t-manylinux_2_17_x86_64', { version: '3.13.0', freeThreaded: true }, linux, true],
    ['cp39-abi3-manylinux_2_17_x86_64', { version: '3.13.0', freeThreaded: true }, linux, false],
    ['cp311-cp311-macosx_11_0_arm64', { machine: 'arm64' }, { platform: 'darwin', glibc: undefined }, true],
    ['cp311-cp311-macosx_10_9_universal2', {}, { platform: 'darwin', glibc: undefined }, true],
    ['cp311-cp311-win_amd64', { machine: 'AMD64' }, { platform: 'win32', glibc: undefined }, true],
    ['cp311-cp311-win32', { machine: 'ia32' }, { platform: 'win32', glibc: undefined }, true],
    ['cp311-cp311-musllinux_1_2_aarch64', { machine: 'arm64' }, { platform: 'linux', glibc: undefined }, true],
  ])('knows other systems: %s', (tag, changes, system, fits) => {
    expect(fitsTag(tag, { ...python, ...changes }, system)).toBe(fits);
  });
});

describe('allowsPython', () => {
  it.each([
    ['', true],
    ['>=3.8', true],
    ['>=3.12', false],
    ['>=3.8,<3.11', false],
    ['<4,>=3.9', true],
    ['!=3.11.*', false],
    ['!=3.11.6', true],
    ['==3.11.*', true],
    ['==3.11', false],
    ['~=3.10', true],
    ['~=3.11.8', false],
    ['>3.11.7', false],
    ['<=3.11.7', true],
    ['=== weird', true],
  ])('%j allows 3.11.7: %s', (specifier, allowed) => {
    expect(allowsPython(specifier, '3.11.7')).toBe(allowed);
  });
});

describe('requireVendoredFor', () => {
  it('lets pass what fits, what is pure, and what has nothing vendored', () => {
    const dir = packageOf(distribution('numpy', '1.26.4', 'cp311-cp311-manylinux_2_17_x86_64'));

    expect(findVendorProblems(dir, python, linux)).toEqual([]);
    expect(findVendorProblems(packageOf(), python)).toEqual([]);
    expect(findVendorProblems(packageOf(distribution('pure', '1', 'py3-none-any')), python)).toEqual([]);
  });

  it('names what was built for another Python, before anything is imported', async () => {
    const dir = packageOf({
      ...distribution('numpy', '1.26.4', 'cp310-cp310-manylinux_2_17_x86_64'),
      ...distribution('modern', '2.0', 'py3-none-any', '>=3.13'),
      'vendor/fidius-vendor.json': JSON.stringify({
        format: 1,
        installer: 'pip',
        python: { version: '3.10.13', implementation: 'cpython', machine: 'x86_64' },
        platform: 'linux',
        distributions: [],
      }),
    });

    const error = await failureOf(() => requireVendoredFor(dir, python, linux));

    expect(error.code).toBe('FIDIUS_VENDOR_MISMATCH');
    expect(error.message).toBe(
      `Cannot run package ${dir} on CPython 3.11.7 (linux x64): modern 2.0 requires Python >=3.13, ` +
        'numpy 1.26.4 is built for cp310-cp310-manylinux_2_17_x86_64; it was vendored for CPython 3.10.13 (linux x86_64)',
    );
    expect(error.hint).toBe(
      'Get the package for this Python, or delete its vendor folder and pack it again with this Python.',
    );
  });

  it('needs no record: the metadata of the distributions says enough', async () => {
    const dir = packageOf({
      ...distribution('numpy', '1.26.4', 'cp310-cp310-win_amd64'),
      'vendor/fidius-vendor.json': 'not JSON',
      'vendor/broken.dist-info/METADATA': '',
      'vendor/other.txt': '',
    });

    const error = await failureOf(() => requireVendoredFor(dir, python));

    expect(error.message).toMatch(/numpy 1\.26\.4 is built for cp310-cp310-win_amd64$/);
  });
});

describe('findVendorConflicts', () => {
  it('reports distributions that differ between packages, whatever their spelling', () => {
    const packages = [
      { name: 'one', dir: packageOf({ ...distribution('My_Lib', '1.0'), ...distribution('same', '1.0') }) },
      { name: 'two', dir: packageOf({ ...distribution('my-lib', '2.0'), ...distribution('same', '1.0') }) },
      { name: 'three', dir: packageOf() },
    ];

    const conflicts = findVendorConflicts(packages.map(readVendored));

    expect(conflicts).toEqual([
      {
        distribution: 'my-lib',
        versions: [
          { package: 'one', version: '1.0' },
          { package: 'two', version: '2.0' },
        ],
      },
    ]);
    expect(conflicts.map(describeVendorConflict)).toEqual([
      {
        message: 'my-lib is vendored as 1.0 in one, 2.0 in two, and one interpreter can import only one of them',
        hint: 'Vendor one version of my-lib in all of them, or run one of them in a separate process.',
      },
    ]);
  });
});

function distribution(
  name: string,
  version: string,
  tag = 'py3-none-any',
  requiresPython = '',
): Record<string, string> {
  const info = `vendor/${name}-${version}.dist-info`;
  const asks = requiresPython === '' ? '' : `Requires-Python: ${requiresPython}\n`;
  return {
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${asks}\nDescription: not a field\n`,
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\r\nTag: ${tag}\r\n`,
  };
}

import { describe, expect, it } from 'vitest';
import { compareVersions, isInRange } from '../../../src/host/policy/version-range.ts';

describe('a range of versions', () => {
  it.each([
    ['1.2.3', '1.2.3', true],
    ['1.2.3', '^1.2', true],
    ['1.2.3', '^1.3', false],
    ['2.0.0', '>=1 <3', true],
    ['1.9.9', '1.x || >=2.5', true],
    ['1.2', '^1.0.0', true],
    ['2', '>=2', true],
    ['v1.2.3', '^1', true],
    ['1.2.3-rc.1', '^1', false],
    ['1.2.3-rc.1', '>=1.2.3-rc.0', true],
    ['1.2.3+build.5', '~1.2', true],
    ['2024-10b', '2024-10b', true],
    ['2024-10b', '*', false],
    ['latest', '^1', false],
    ['1.2.3', 'latest', false],
    ['1.2.3.4', '^1', false],
    ['', '^1', false],
    ['', '', true],
  ])('holds for %j in %j: %s', (version, range, expected) => {
    expect(isInRange(version, range)).toBe(expected);
  });
});

describe('the order of versions', () => {
  it('has the highest first, a release before what led to it, and other texts last', () => {
    const versions = ['latest', '1.9', '1.10.0', '2.0.0-rc.1', 'v2', 'beta', '1.10.0-alpha'];

    expect(versions.toSorted(compareVersions)).toEqual([
      'v2',
      '2.0.0-rc.1',
      '1.10.0',
      '1.10.0-alpha',
      '1.9',
      'latest',
      'beta',
    ]);
  });
});

import compare from 'semver/functions/compare.js';
import parse from 'semver/functions/parse.js';
import satisfies from 'semver/functions/satisfies.js';

/**
 * Whether the version of a package is in a range, as npm writes ranges: `^1.2`, `>=1 <3`, `1.x`, `1.2.3 || 2.x`.
 *
 * The format of packages lets a version be any text. One that looks like a semantic version is one, missing parts being 0;
 * any other is in a range only if the range is that very text.
 */
export function isInRange(version: string, range: string): boolean {
  if (version === range) return true;
  const semantic = toSemantic(version);
  return semantic !== undefined && satisfies(semantic, range);
}

/** Sorts the larger version first. Texts that are not semantic versions come last and compare as equal. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [toSemantic(a), toSemantic(b)];
  if (left !== undefined && right !== undefined) return compare(right, left);
  return Number(left === undefined) - Number(right === undefined);
}

/** Converts `v1.2` to `1.2.0`; `undefined` for other texts. */
function toSemantic(version: string): string | undefined {
  const [, numbers, rest = ''] = /^[v=]?(\d+(?:\.\d+){0,2})([-+].*)?$/.exec(version.trim()) ?? [];
  if (numbers === undefined) return undefined;
  const missing = 3 - numbers.split('.').length;
  return parse(`${numbers}${'.0'.repeat(missing)}${rest}`)?.version;
}

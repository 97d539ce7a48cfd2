/**
 * Whether a version of Python is among those that a specifier such as `>=3.9,!=3.9.1,<4` allows (PEP 440).
 *
 * Only the forms that distributions use in practice are evaluated. Any other form counts as allowed: if it is not, the
 * import fails.
 */
export function allowsPython(specifier: string, version: string): boolean {
  const have = numbersOf(version);
  return specifier
    .split(',')
    .map((part) => /^\s*(>=|<=|!=|==|~=|>|<)\s*(\d+(?:\.\d+)*)(\.\*)?\s*$/.exec(part))
    .every((match) => match === null || allows(match, have));
}

function allows([, operator = '', text = '', wildcard]: RegExpExecArray, have: readonly number[]): boolean {
  const wanted = numbersOf(text);
  const order = compare(have, wanted);
  const isBelow = compare(have.slice(0, wanted.length), wanted) === 0;
  switch (operator) {
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '<':
      return order < 0;
    case '==':
      return wildcard === undefined ? order === 0 : isBelow;
    case '!=':
      return wildcard === undefined ? order !== 0 : !isBelow;
    default:
      // `~=3.9.2` is `>=3.9.2` and `==3.9.*`.
      return order >= 0 && compare(have.slice(0, wanted.length - 1), wanted.slice(0, -1)) === 0;
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): readonly number[] {
  return (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);
}

// Symbol.for: see integral-float.ts.
const brand = Symbol.for('fidius.missing-value');

/**
 * A missing value of pandas or numpy: `NaT` or `pandas.NA`.
 *
 * Exists only between the codec and a declared type: an option converts it to `null`, every other type rejects it.
 */
export class MissingValue {
  /** As Python prints it. */
  readonly name: string;

  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  constructor(name: string) {
    this.name = name;
  }
}

/** True for a {@link MissingValue}, also of another copy of this library. */
export function isMissingValue(value: unknown): value is MissingValue {
  return typeof value === 'object' && value !== null && brand in value;
}

export const missingHint = 'Declare an option, which takes it as null; or return None in its place.';

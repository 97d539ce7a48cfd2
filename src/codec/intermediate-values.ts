// Symbol.for, because types and codec may come from different copies of this library.
const integralFloatBrand = Symbol.for('fidius.integral-float');
const missingValueBrand = Symbol.for('fidius.missing-value');

/**
 * A Python `float` without a fraction, such as `3.0`, distinguished from the `int` 3: in JavaScript both would be 3.
 *
 * Exists only between the codec and a declared type, which needs the difference (3.0 is not an `i64`) and unwraps it.
 */
export class IntegralFloat {
  readonly value: number;

  static {
    Object.defineProperty(this.prototype, integralFloatBrand, { value: true });
  }

  constructor(value: number) {
    this.value = value;
  }
}

/** True for an {@link IntegralFloat}, also of another copy of this library. */
export function isIntegralFloat(value: unknown): value is IntegralFloat {
  return typeof value === 'object' && value !== null && integralFloatBrand in value;
}

/**
 * A missing value of pandas or numpy: `NaT` or `pandas.NA`.
 *
 * Exists only between the codec and a declared type: an option converts it to `null`, every other type rejects it.
 */
export class MissingValue {
  /** As Python prints it. */
  readonly name: string;

  static {
    Object.defineProperty(this.prototype, missingValueBrand, { value: true });
  }

  constructor(name: string) {
    this.name = name;
  }
}

/** True for a {@link MissingValue}, also of another copy of this library. */
export function isMissingValue(value: unknown): value is MissingValue {
  return typeof value === 'object' && value !== null && missingValueBrand in value;
}

export const missingHint = 'Declare an option, which takes it as null; or return None in its place.';

// Symbol.for, because types and codec may come from different copies of this library.
const brand = Symbol.for('fidius.integral-float');

/**
 * A Python `float` without a fraction, such as `3.0`, distinguished from the `int` 3: in JavaScript both would be 3.
 *
 * Exists only between the codec and a declared type, which needs the difference (3.0 is not an `i64`) and unwraps it.
 */
export class IntegralFloat {
  readonly value: number;

  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  constructor(value: number) {
    this.value = value;
  }
}

/** True for an {@link IntegralFloat}, also of another copy of this library. */
export function isIntegralFloat(value: unknown): value is IntegralFloat {
  return typeof value === 'object' && value !== null && brand in value;
}

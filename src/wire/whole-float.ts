/**
 * A Python `float` without a fraction, such as `3.0`, kept apart from the `int` 3: in JavaScript both would be 3.
 *
 * Exists only between the codec and a declared type, which needs the difference (3.0 is no `i64`) and unwraps it.
 */
export class WholeFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

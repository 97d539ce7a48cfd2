/** Writes bits, the highest of each byte first. */
export class BitWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;
  /** Bits that do not fill a byte yet, at the lower end. */
  #bits = 0;
  #have = 0;

  /** @param count up to 24. */
  write(value: number, count: number): void {
    this.#reserve(4);
    this.#bits = (this.#bits << count) | value;
    this.#have += count;
    while (this.#have >= 8) {
      this.#have -= 8;
      this.#bytes[this.#length] = this.#bits >>> this.#have;
      this.#length += 1;
    }
    this.#bits &= (1 << this.#have) - 1;
  }

  /** Continues with the first `bitLength` bits of `bytes`, wherever the last byte here was left. */
  append(bytes: Uint8Array, bitLength: number): void {
    const whole = bitLength >>> 3;
    this.#reserve(whole);
    let bits = this.#bits;
    for (let index = 0; index < whole; index += 1) {
      bits = (bits << 8) | (bytes[index] as number);
      this.#bytes[this.#length + index] = bits >>> this.#have;
    }
    this.#length += whole;
    this.#bits = bits & ((1 << this.#have) - 1);
    const rest = bitLength & 7;
    if (rest > 0) this.write((bytes[whole] as number) >>> (8 - rest), rest);
  }

  /** Fills the last byte with zeros. */
  padToByte(): void {
    if (this.#have > 0) this.write(0, 8 - this.#have);
  }

  /** Takes out the complete bytes that were written so far. */
  takeBytes(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

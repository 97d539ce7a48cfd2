/** A fault that changes nothing that anybody could observe, or nothing that matters, and why. */
export interface EquivalentMutant {
  readonly file: string;
  /** The lines before and after, without indentation. */
  readonly before: string;
  readonly after: string;
  readonly reason: string;
}

/** Faults that no test has to notice. Each is checked by hand; an entry that fits no line any more is reported. */
export const equivalentMutants: readonly EquivalentMutant[] = [
  {
    file: 'src/packaging/signing/trust-store.ts',
    before: 'if (!(cause instanceof TomlError)) throw cause;',
    after: 'if (false && (!(cause instanceof TomlError))) throw cause;',
    reason: 'The parser throws nothing else.',
  },
  {
    file: 'src/packaging/signing/key-files.ts',
    before: 'const status = statSync(path, { throwIfNoEntry: false });',
    after: 'const status = statSync(path, { throwIfNoEntry: true });',
    reason: 'The file was read a moment ago; only a race removes it before this line.',
  },
  {
    file: 'src/packaging/signing/key-files.ts',
    before: 'if (process.getuid === undefined || status === undefined || !status.isFile()) return;',
    after: 'if (process.getuid === undefined && status === undefined || !status.isFile()) return;',
    reason: 'Windows alone has no users, and the file was read as a regular one a moment ago.',
  },
  {
    file: 'src/packaging/signing/key-files.ts',
    before: 'if (process.getuid === undefined || status === undefined || !status.isFile()) return;',
    after: 'if (process.getuid === undefined || status === undefined && !status.isFile()) return;',
    reason: 'The file was read as a regular one a moment ago.',
  },
  {
    file: 'src/packaging/signing/key-files.ts',
    before: 'if (process.getuid === undefined || status === undefined || !status.isFile()) return;',
    after: 'if (false && (process.getuid === undefined || status === undefined || !status.isFile())) return;',
    reason: 'Windows alone has no users, and the file was read as a regular one a moment ago.',
  },
  {
    file: 'src/packaging/signing/key-files.ts',
    before: 'await rm(files.secretPath, { force: true });',
    after: 'await rm(files.secretPath, { force: false });',
    reason: 'The file was written a moment ago.',
  },
  {
    file: 'src/packaging/archive/tar/tar-extensions.ts',
    before: 'if (text === undefined || end > bytes.length || bytes[end - 1] !== 0x0a)',
    after: 'if (text === undefined && end > bytes.length || bytes[end - 1] !== 0x0a)',
    reason: 'There is no line feed at an index that is not a number or beyond the end, so the last condition holds.',
  },
  {
    file: 'src/packaging/signing/key-files.ts',
    before: 'if (!isFidiusError(cause)) throw cause;',
    after: 'if (false && (!isFidiusError(cause))) throw cause;',
    reason: 'The readers of keys throw nothing else.',
  },
  {
    file: 'src/packaging/files/staging.ts',
    before: 'writeFileSync(this.#folder.at(recordName), JSON.stringify(record), { mode: 0o600 });',
    after: 'writeFileSync(this.#folder.at(recordName), JSON.stringify(record), { mode: 0o777 });',
    reason: 'The folder around it is closed to other users, and the record holds nothing secret.',
  },
];

/**
 * Words that cannot be a name in Python, in any supported version. `__debug__` is not a keyword, but cannot be
 * assigned.
 */
const reserved: ReadonlySet<string> = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global ' +
    'if import in is lambda nonlocal not or pass raise return try while with yield __debug__'
  ).split(' '),
);

/** True when `name` is a valid variable name in Python and in normal form: Python normalises names (NFKC). */
export function isPythonName(name: string): boolean {
  return /^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(name) && !reserved.has(name) && name === name.normalize('NFKC');
}

/** The nearest valid name in Python: `from_` for `from`, `type` for `r#type`. */
export function toPythonName(rustName: string): string {
  const name = rustName.replace(/^r#/, '').normalize('NFKC');
  return reserved.has(name) ? `${name}_` : name;
}

/** The name of a class for a type of Rust: `Row` for `crate::rows::Row`, `PageRow` for `Page<Row>`. */
export function toClassName(rust: string): string {
  const words = rust.replace(/[\p{XID_Continue}#]+\s*::\s*/gu, '').match(/\p{XID_Continue}+/gu) ?? [];
  const name = words
    .filter((word) => word !== 'r')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
    .normalize('NFKC');
  return isPythonName(name) ? name : `_${name}`;
}

/** A string as Python source, on one line, exact to the character. */
export function pythonString(text: string): string {
  const escaped = text.toWellFormed().replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${escaped.replace(invisible, escapeCharacter)}"`;
}

/** A docstring, its lines indented but for the first one. */
export function docstring(text: string, indent: string): string {
  const lines = linesOf(text.trim()).map(docLine);
  if (lines.length === 1) return `"""${lines[0]}"""`;
  return `"""${lines.map((line, index) => (index === 0 || line === '' ? line : indent + line)).join('\n')}\n${indent}"""`;
}

function docLine(line: string): string {
  const escaped = line.replaceAll('\\', '\\\\').replace(invisible, escapeCharacter).trimEnd();
  return /"""|"$/.test(escaped) ? escaped.replaceAll('"', '\\"') : escaped;
}

/** Lines of comment. */
export function comment(text: string): string {
  return linesOf(text.trim())
    .map((line) => `# ${line.replace(invisible, ' ')}`.trimEnd())
    .join('\n');
}

function linesOf(text: string): string[] {
  return text.toWellFormed().split(/\r\n?|\n/);
}

// Control characters, and characters that some editors hide or treat as line ends.
// oxlint-disable-next-line no-control-regex -- matches control characters on purpose
const invisible = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Words that cannot be the name of a variable in a module. */
const reserved: ReadonlySet<string> = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends false ' +
    'finally for function if implements import in instanceof interface let new null package private protected public ' +
    'return static super switch this throw true try typeof undefined var void while with yield'
  ).split(' '),
);

/** Whether a text is a name in JavaScript, which may still be a reserved word. */
export function isIdentifierName(text: string): boolean {
  return /^[\p{ID_Start}_$][\p{ID_Continue}$\u200c\u200d]*$/u.test(text);
}

/**
 * The nearest name that a variable can have.
 *
 * @param taken names that the module uses otherwise.
 */
export function toVariableName(text: string, taken: readonly string[]): string {
  // An interface may have any name of Rust.
  const plain = text.replace(/^r#/, '');
  let name = isIdentifierName(plain) ? plain : 'Interface';
  while (reserved.has(name) || taken.includes(name)) name += '_';
  return name;
}

/** A text as a TypeScript literal. It may contain quotes, backslashes and line breaks. */
export function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll(String.raw`\"`, '"').replaceAll("'", String.raw`\'`);
  return `'${inner.replaceAll('\u2028', String.raw`\u2028`).replaceAll('\u2029', String.raw`\u2029`)}'`;
}

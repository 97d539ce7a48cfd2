import type { AnyType, TypeShape } from '../type.ts';
import type { PythonScope } from './python-scope.ts';
import { comment, docstring, isPythonName, pythonString, toClassName } from './python-text.ts';

/** The direction of a value, as the plugin sees it: the same type has different forms in each direction. */
export type Direction = 'received' | 'returned';

type Shape<Kind extends TypeShape['kind']> = Extract<TypeShape, { readonly kind: Kind }>;

/**
 * Type hints for the types of an interface, and the classes they need.
 *
 * A hint states the type at run time. A struct is received as a dict, hence a `TypedDict`, and may be returned
 * as a dataclass; a tuple is received as a list; an enum is received as a dict with one key, and a variant without data
 * is returned as its bare name. See docs/decisions/python-stub-structs.md.
 */
export class PythonTypes {
  readonly #scope: PythonScope;
  readonly #names = new Map<string, string>();
  readonly #definitions: string[] = [];
  #dataclasses = false;
  #standardObjects = false;
  #arrays = false;

  constructor(scope: PythonScope) {
    this.#scope = scope;
  }

  /** Class and alias definitions, each after those it refers to. */
  get definitions(): readonly string[] {
    return this.#definitions;
  }

  /** True when at least one of the definitions is a dataclass. */
  get hasDataclasses(): boolean {
    return this.#dataclasses;
  }

  /** True when a hint names an object that the Rust host passes as text. */
  get hasStandardObjects(): boolean {
    return this.#standardObjects;
  }

  /** True when a hint stands for an array of numbers. */
  get hasArrays(): boolean {
    return this.#arrays;
  }

  hint({ shape }: AnyType, direction: Direction): string {
    const scope = this.#scope;
    switch (shape.kind) {
      case 'bool':
      case 'float':
      case 'bytes':
        return scope.use(shape.kind);
      case 'integer':
        return scope.use('int');
      case 'char':
      case 'string':
        return scope.use('str');
      case 'datetime':
      case 'date':
        this.#standardObjects = true;
        return `${scope.use('datetime')}.${shape.kind}`;
      case 'decimal':
        this.#standardObjects = true;
        return scope.use('Decimal');
      case 'uuid':
        this.#standardObjects = true;
        return scope.use('UUID');
      case 'ndarray':
        this.#arrays = true;
        // An array of numpy, whose name the module would have to import.
        return scope.use(direction === 'received' ? 'memoryview' : 'Any');
      case 'unit':
        return 'None';
      case 'any':
        return scope.use('Any');
      case 'option':
        return `${scope.use('Optional')}[${this.hint(shape.inner, direction)}]`;
      case 'list':
        return `${scope.use('list')}[${this.hint(shape.item, direction)}]`;
      case 'tuple': {
        const items = shape.items.map((item) => this.hint(item, direction));
        return direction === 'returned'
          ? `${scope.use('tuple')}[${items.join(', ')}]`
          : `${scope.use('list')}[${this.#union(items)}]`;
      }
      case 'map':
        return `${scope.use('dict')}[${this.hint(shape.key, direction)}, ${this.hint(shape.value, direction)}]`;
      case 'struct':
        return this.#struct(shape, direction);
      case 'enum':
        return this.#enum(shape, direction);
    }
  }

  #struct({ name, fields, doc }: Shape<'struct'>, direction: Direction): string {
    const hints = Object.entries(fields).map(([field, type]) => [field, this.hint(type, direction)] as const);
    const wanted = className(name, direction);
    if (!hints.every(([field]) => isFieldName(field))) {
      const items = hints.map(([field, hint]) => `${pythonString(field)}: ${hint}`);
      const make = this.#scope.use('TypedDict');
      return this.#define(wanted, doc, (own) => `${own} = ${bracketed(`${make}("${own}", {`, items, '})')}`);
    }
    const base = direction === 'received' ? `(${this.#scope.use('TypedDict')})` : '';
    const decorator = direction === 'returned' ? `@${this.#scope.use('dataclass')}\n` : '';
    this.#dataclasses ||= direction === 'returned';
    const parts = doc === undefined ? [] : [`    ${docstring(doc, '    ')}`];
    if (hints.length > 0) parts.push(hints.map(([field, hint]) => `    ${field}: ${hint}`).join('\n'));
    const body = parts.length === 0 ? '    pass' : parts.join('\n\n');
    return this.#define(wanted, undefined, (own) => `${decorator}class ${own}${base}:\n${body}`);
  }

  #enum({ name, variants, doc }: Shape<'enum'>, direction: Direction): string {
    const entries = Object.entries(variants);
    const bare = entries.filter(([, type]) => type.shape.kind === 'unit').map(([variant]) => variant);
    const names = `${this.#scope.use('Literal')}[${bare.map(pythonString).join(', ')}]`;
    const parts = entries
      .filter(([variant]) => !bare.includes(variant))
      .map(([variant, type]) =>
        this.#dictOf(`${this.#scope.use('Literal')}[${pythonString(variant)}]`, this.hint(type, direction)),
      );
    if (bare.length > 0) parts.unshift(direction === 'returned' ? names : this.#dictOf(names, 'None'));
    return this.#define(className(name, direction), doc, (own) => `${own} = ${this.#union(parts)}`);
  }

  #dictOf(key: string, value: string): string {
    return `${this.#scope.use('dict')}[${key}, ${value}]`;
  }

  #union(hints: readonly string[]): string {
    const distinct = [...new Set(hints)];
    return distinct.length === 1 ? String(distinct[0]) : bracketed(`${this.#scope.use('Union')}[`, distinct, ']');
  }

  /** Adds a definition, unless it exists. @returns its name. */
  #define(wanted: string, doc: string | undefined, render: (name: string) => string): string {
    const key = render(wanted);
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = this.#scope.define(wanted);
    this.#names.set(key, name);
    this.#definitions.push(`${doc === undefined ? '' : `${comment(doc)}\n`}${render(name)}`);
    return name;
  }
}

/** A struct `Row` is received as `RowDict`, whether the interface returns one or not. */
function className(rust: string, direction: Direction): string {
  return toClassName(rust) + (direction === 'received' ? 'Dict' : '');
}

/** True when a field can be declared in the body of a class, where two leading underscores would change its name. */
function isFieldName(name: string): boolean {
  return isPythonName(name) && !name.startsWith('__');
}

/** `open`, parts and `close` on one line, or with one line per part when that would be too long. */
export function bracketed(open: string, parts: readonly string[], close: string): string {
  const line = `${open}${parts.join(', ')}${close}`;
  return line.length <= 88 || parts.length === 0
    ? line
    : `${open}\n${parts.map((part) => `    ${part},\n`).join('')}${close}`;
}

import { isFidiusError } from '../../errors/fidius-error.ts';
import { definitionError, nameHint } from '../definition.ts';
import { isRustName } from '../hash/rust-source.ts';
import { defineInterface, type Interface } from '../interface.ts';
import { type Method, method } from '../method.ts';
import { t } from '../t.ts';
import type { AnyType } from '../type.ts';

/** A type as `runtime/fidius_host/interface_reader.py` describes it: its kind, then its parts. */
export type PythonType =
  | readonly ['list' | 'option', PythonType]
  | readonly ['stream', PythonType]
  | readonly ['map', PythonType, PythonType]
  | readonly ['tuple', readonly PythonType[]]
  | readonly ['struct', string, readonly (readonly [string, PythonType])[], string | null]
  | readonly ['enum', string | null, readonly string[]]
  | readonly [string];

/** What the reader says about a module. */
export interface PythonModule {
  readonly doc: string | null;
  /** The declared interface hash, as text. */
  readonly hash: string | null;
  readonly config: PythonType | null;
  readonly methods: readonly PythonMethod[];
  readonly problems: readonly PythonProblem[];
}

interface PythonMethod {
  readonly name: string;
  readonly line: number;
  readonly doc: string | null;
  readonly arguments: readonly { readonly name: string; readonly type: PythonType; readonly doc: string | null }[];
  readonly returns: PythonType;
}

/** Something in the module that has no counterpart in an interface. */
export interface PythonProblem {
  readonly line: number;
  readonly message: string;
  readonly hint: string;
}

/** An interface that was made of a module. */
export interface FoundInterface {
  readonly definition: Interface;
  /** A TypeScript module that exports it under its name. */
  readonly source: string;
}

/**
 * Makes an interface of a module.
 *
 * @param problems receives what an interface cannot express, such as a name that Rust does not allow.
 * @returns `undefined` if there are problems.
 */
export function toInterface(
  module: PythonModule,
  { name, version }: { readonly name: string; readonly version: number },
  problems: PythonProblem[],
): FoundInterface | undefined {
  const writer = new TypeWriter();
  const methods: Record<string, Method> = {};
  const lines: string[] = [];
  for (const each of module.methods) {
    try {
      const found = toMethod(each, writer);
      methods[each.name] = found.method;
      lines.push(`    ${key(each.name)}: ${found.source},`);
    } catch (error) {
      if (!isFidiusError(error)) throw error;
      problems.push({ line: each.line, message: `${each.name}(): ${error.message}`, hint: error.hint ?? 'Change it.' });
    }
  }
  if (problems.length > 0) return undefined;
  const config = module.config === null ? undefined : writer.write(module.config);
  const options = { version, methods, ...(config === undefined ? {} : { config: config.type }) };
  const definition = defineInterface(name, options) as Interface;
  const head = ["import { defineInterface, method, t } from 'fidius';", ...writer.definitions];
  const configLine = config === undefined ? '' : `  config: ${config.code},\n`;
  const body = `export const ${identifier(name)} = defineInterface(${text(name)}, {
  version: ${version},
${configLine}  methods: {
${lines.join('\n')}
  },
});`;
  return { definition, source: `${[...head, body].join('\n\n')}\n` };
}

function toMethod({ name, doc, arguments: list, returns }: PythonMethod, writer: TypeWriter) {
  for (const each of [name, ...list.map((argument) => argument.name)]) {
    if (!isRustName(each)) throw definitionError(`${each} is not a name in Rust`, nameHint);
  }
  const parts = list.map((argument) => ({ ...argument, ...writer.writeWhole(argument.type) }));
  const returned = returns[0] === 'unit' ? undefined : writer.writeWhole(returns);
  const docs = list.flatMap((argument) => (argument.doc === null ? [] : [[argument.name, argument.doc] as const]));
  const options = {
    ...(doc === null ? {} : { doc }),
    ...(docs.length === 0 ? {} : { argumentDocs: Object.fromEntries(docs) }),
  };
  const args = parts.map((part) => ({ [part.name]: part.type }));
  const hasOptions = Object.keys(options).length > 0;
  const made = method(args as never, returned?.type as never, options as never) as unknown as Method;
  const inner = parts.map((part) => `{ ${key(part.name)}: ${part.code} }`);
  const argumentCode = inner.length === 1 ? String(inner[0]) : inner.length === 0 ? '{}' : `[${inner.join(', ')}]`;
  const code = [argumentCode];
  if (returned !== undefined || hasOptions) code.push(returned?.code ?? 'undefined');
  if (hasOptions) code.push(optionsText(options));
  return { method: made, source: `method(${code.join(', ')})` };
}

/** Writes types as code, each struct and enum once. */
class TypeWriter {
  readonly definitions: string[] = [];
  readonly #known = new Map<string, { readonly key: string; readonly type: AnyType; readonly code: string }>();

  /** A type that is an argument or a result, which may be a stream. */
  writeWhole(type: PythonType): { readonly type: AnyType; readonly code: string } {
    if (type[0] !== 'stream') return this.write(type);
    const item = this.write(type[1] as PythonType);
    return { type: t.stream(item.type) as unknown as AnyType, code: `t.stream(${item.code})` };
  }

  write(type: PythonType): { readonly type: AnyType; readonly code: string } {
    const [kind] = type;
    switch (kind) {
      case 'list': {
        const { type: item, code } = this.write(type[1] as PythonType);
        return { type: t.list(item), code: `t.list(${code})` };
      }
      case 'option': {
        const { type: inner, code } = this.write(type[1] as PythonType);
        return { type: t.option(inner), code: `t.option(${code})` };
      }
      case 'map': {
        const [k, v] = [this.write(type[1] as PythonType), this.write(type[2] as PythonType)];
        return { type: t.map(k.type, v.type), code: `t.map(${k.code}, ${v.code})` };
      }
      case 'tuple': {
        const items = (type[1] as readonly PythonType[]).map((item) => this.write(item));
        return {
          type: t.tuple(...items.map((item) => item.type)),
          code: `t.tuple(${items.map((item) => item.code).join(', ')})`,
        };
      }
      case 'struct':
        return this.#struct(type as Extract<PythonType, readonly ['struct', ...unknown[]]>);
      case 'enum':
        return this.#enum(type as Extract<PythonType, readonly ['enum', ...unknown[]]>);
      case 'any':
        return { type: t.named('serde_json::Value'), code: "t.named('serde_json::Value')" };
      default:
        return { type: t[kind as 'i64'], code: `t.${kind}` };
    }
  }

  #struct([, name, fields, doc]: Extract<PythonType, readonly ['struct', ...unknown[]]>) {
    const written = fields.map(([field, type]) => [field, this.write(type)] as const);
    const list = written.map(([field, { code }]) => `${key(field)}: ${code}`);
    const options = doc === null || doc === '' ? '' : `, ${optionsText({ doc })}`;
    return this.#define(name, `t.struct(${text(name)}, { ${list.join(', ')} }${options})`, () =>
      t.struct(name, Object.fromEntries(written.map(([field, { type }]) => [field, type])), doc ? { doc } : {}),
    );
  }

  #enum([, given, values]: Extract<PythonType, readonly ['enum', ...unknown[]]>) {
    const name = given ?? values.map((value) => value.charAt(0).toUpperCase() + value.slice(1)).join('Or');
    const list = values.map((value) => `${key(value)}: t.unit`);
    return this.#define(name, `t.enum(${text(name)}, { ${list.join(', ')} })`, () =>
      t.enum(name, Object.fromEntries(values.map((value) => [value, t.unit]))),
    );
  }

  /** A type with a name: a constant, unless another one of the name has other parts. */
  #define(name: string, code: string, make: () => AnyType): { readonly type: AnyType; readonly code: string } {
    const constant = identifier(name);
    const known = this.#known.get(constant);
    // The forms that a plugin receives and returns may differ in their documentation alone.
    const shape = code.replace(/, \{ doc: .*\}\)$/s, ')');
    if (known?.key === shape) return known;
    const type = make();
    if (known !== undefined) return { type, code };
    const found = { key: shape, type, code: constant };
    this.#known.set(constant, found);
    this.definitions.push(`const ${constant} = ${code};`);
    return found;
  }
}

function optionsText(options: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(options).map(([name, value]) =>
    typeof value === 'string' ? `${name}: ${text(value)}` : `${name}: ${optionsText(value as Record<string, unknown>)}`,
  );
  return `{ ${entries.join(', ')} }`;
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== '__proto__' ? name : `[${text(name)}]`;
}

function identifier(name: string): string {
  const plain = name.replace(/^r#/, '').replaceAll(/[^\p{ID_Continue}$]/gu, '_');
  return /^\p{ID_Start}/u.test(plain) && !['t', 'method', 'defineInterface'].includes(plain) ? plain : `${plain}_`;
}

/** A string as source, in single quotes where that needs no escapes. */
function text(value: string): string {
  const json = JSON.stringify(value);
  return json.includes("'") || json.includes('\\') ? json : `'${value}'`;
}

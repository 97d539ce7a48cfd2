import { isPythonName, toPythonName } from './python-text.ts';

/** Names that a stub may import, by module. */
const imported = {
  dataclasses: ['dataclass'],
  decimal: ['Decimal'],
  typing: ['Any', 'Iterator', 'Literal', 'Optional', 'TypedDict', 'Union'],
  uuid: ['UUID'],
  fidius: ['host_functions', 'method'],
} as const;

/** Names of the module `builtins`, which need no import. */
const builtins = [
  'NotImplementedError',
  'bool',
  'bytes',
  'dict',
  'float',
  'globals',
  'int',
  'list',
  'memoryview',
  'setattr',
  'str',
  'tuple',
] as const;

/** Modules that a stub may import as a whole. */
const modules = ['datetime'] as const;

type Imported = (typeof imported)[keyof typeof imported][number] | (typeof modules)[number];
type Builtin = (typeof builtins)[number];

/**
 * Allocates the names of one Python module so that none hides another.
 *
 * Functions of the interface come first, because their names are fixed: a method may be called `list` or `method`. A
 * conflicting import gets another name, and a conflicting class does too.
 */
export class PythonScope {
  readonly #taken = new Set<string>();
  readonly #functions = new Map<string, string>();
  readonly #elsewhere = new Map<Imported | Builtin, string>();
  readonly #used = new Set<Imported | Builtin>();
  readonly #builtinsModule: string;

  constructor(methodNames: readonly string[]) {
    // Valid names come first, so that none of them is renamed because of an invalid one.
    const ordered = methodNames.toSorted((a, b) => Number(isPythonName(b)) - Number(isPythonName(a)));
    for (const name of ordered) this.#functions.set(name, this.define(toPythonName(name)));
    this.#builtinsModule = this.#besideFunctions('builtins');
    for (const name of [...Object.values(imported).flat(), ...modules])
      this.#elsewhere.set(name, this.#besideFunctions(name));
    for (const name of builtins) {
      this.#elsewhere.set(name, this.#taken.has(name) ? `${this.#builtinsModule}.${name}` : name);
    }
    for (const name of this.#elsewhere.values()) this.#taken.add(name);
  }

  /** The Python function of a method. */
  functionOf(method: string): string {
    return this.#functions.get(method) ?? toPythonName(method);
  }

  /** An unused name: `wanted`, or `wanted` with a number. */
  define(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.#taken.has(name); count += 1) name = `${wanted}${count}`;
    this.#taken.add(name);
    return name;
  }

  /** Imports a name, and returns its spelling in the module. */
  use(name: Imported | Builtin): string {
    this.#used.add(name);
    return this.#elsewhere.get(name) ?? name;
  }

  /** The imports of all used names: those of Python, an empty line, all others. */
  imports(): string {
    const importsOf = (module: keyof typeof imported): string[] => {
      const used = imported[module].filter((name) => this.#used.has(name));
      const parts = used.map((name) => asLocal(name, this.#elsewhere.get(name) ?? name));
      return parts.length === 0 ? [] : [`from ${module} import ${parts.join(', ')}`];
    };
    const hidden = builtins.some((name) => this.#used.has(name) && this.#elsewhere.get(name) !== name);
    const ours = hidden ? [`import ${asLocal('builtins', this.#builtinsModule)}`] : [];
    const whole = modules.filter((name) => this.#used.has(name));
    const python = [
      ...ours,
      ...whole.map((name) => `import ${asLocal(name, this.#elsewhere.get(name) ?? name)}`),
      ...importsOf('dataclasses'),
      ...importsOf('decimal'),
      ...importsOf('typing'),
      ...importsOf('uuid'),
    ];
    return [python.join('\n'), ...importsOf('fidius')].filter((part) => part !== '').join('\n\n');
  }

  #besideFunctions(name: string): string {
    return this.#taken.has(name) ? this.define(`_${name}`) : name;
  }
}

function asLocal(name: string, local: string): string {
  return name === local ? name : `${name} as ${local}`;
}

import type { Interface, InterfaceMethod } from '../../src/index.ts';

export interface TraitOptions {
  /** Default: the name of the interface. */
  readonly name?: string;
  /** Prints a type otherwise than it was written. */
  readonly printType?: (rust: string) => string;
}

/** The Rust trait that an interface of ours is the counterpart of. */
export function rustTrait(definition: Interface, options: TraitOptions = {}): string {
  const { name = definition.name, printType = (rust) => rust } = options;
  return [
    `#[plugin_interface(version = ${definition.version}, buffer = PluginAllocated)]`,
    `pub trait ${name}: Send + Sync {`,
    ...definition.methods.flatMap((method) => methodLines(method, printType)).map((line) => `    ${line}`),
    '}',
    '',
  ].join('\n');
}

function methodLines(method: InterfaceMethod, printType: (rust: string) => string): string[] {
  const list = method.arguments.map(({ name, type }) => `${name}: ${printType(type.rust)}`);
  const arrow = method.returns === undefined ? '' : ` -> ${printType(method.returns.rust)}`;
  return [
    ...(method.wireRaw ? ['#[wire(raw)]'] : []),
    ...(method.optional ? [`#[optional(since = ${method.since ?? 1})]`] : []),
    `fn ${method.name}(${['&self', ...list].join(', ')})${arrow};`,
  ];
}

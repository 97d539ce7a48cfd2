import type { Interface, InterfaceMethod } from '../../contract/interface.ts';
import type { ExecutorPlugin } from '../../executor/executor.ts';
import { emitSafely } from '../../node/timers.ts';
import type { MethodParameters } from '../../protocol/load-outcome.ts';

/** A Python function cannot be called with the arguments of its method. Emitted when the plugin is loaded. */
export interface ArgumentNotice {
  /** Distinguishes it from the other notices. */
  readonly kind: 'arguments';
  /** The name of the plugin. */
  readonly plugins: readonly string[];
  /** The function, the parameters that it has, and the arguments that the host passes. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

/**
 * Reports the functions of a plugin that cannot be called with the arguments that the interface declares. Python would raise
 * `TypeError` with each call. Callables whose parameters are unknown are not reported.
 */
export function reportArguments(
  definition: Interface,
  plugin: ExecutorPlugin,
  onNotice: (notice: ArgumentNotice) => void,
): void {
  for (const method of definition.methods) {
    const parameters = plugin.parameters[method.index];
    // Whether Python gets a stream as an argument is not decided yet.
    if (parameters === null || parameters === undefined || method.clientStreaming) continue;
    if (!accepts(parameters, method.arguments.length)) emitSafely(onNotice, toNotice(plugin.name, method, parameters));
  }
}

function accepts({ required, most, keywordOnly }: MethodParameters, count: number): boolean {
  return count >= required && (most === null || count <= most) && keywordOnly.length === 0;
}

function toNotice(plugin: string, method: InterfaceMethod, { names, keywordOnly }: MethodParameters): ArgumentNotice {
  const passed = method.arguments.map(({ name }) => name);
  const keywords = keywordOnly.length === 0 ? '' : `, and requires the keyword arguments ${keywordOnly.join(', ')}`;
  return {
    kind: 'arguments',
    plugins: [plugin],
    message: `${method.name}() of ${plugin} has the parameters (${names.join(', ')})${keywords}; the host passes (${passed.join(', ')}), so each call will raise TypeError`,
    hint: `Define it as \`def ${method.name}(${passed.join(', ')})\`, as \`fidius stub\` prints it.`,
  };
}

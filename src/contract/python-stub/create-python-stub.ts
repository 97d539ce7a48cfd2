import { formatHash } from '../../errors/load-error.ts';
import type { ArgumentType } from '../argument-types.ts';
import type { Interface, InterfaceMethod } from '../interface.ts';
import type { Argument, ReturnType } from '../method.ts';
import { isResultType, isStreamType } from '../result-and-stream.ts';
import { PythonScope } from './python-scope.ts';
import { comment, docstring, pythonString, toPythonName } from './python-text.ts';
import { bracketed, PythonTypes } from './python-types.ts';

/**
 * A module for a plugin author to complete: the hash, a function with type hints for each method, and the classes that
 * the hints name. Valid Python 3.9 and later, with any names in the interface.
 */
export function generatePythonStub(definition: Interface): string {
  const scope = new PythonScope(definition.methods.map(({ name }) => name));
  const types = new PythonTypes(scope);
  const isConfigured = definition.config !== undefined;
  const functions = definition.methods.map((method) => functionText(method, scope, types, isConfigured));
  const configured = configuredText(definition, scope, types, functions);
  const aliases = definition.methods
    .map(({ name }) => ({ name, local: scope.functionOf(name) }))
    .filter(({ name, local }) => name !== local)
    .map(({ name, local }) =>
      isConfigured
        ? `${scope.use('setattr')}(${configuredClass}, ${pythonString(name)}, ${configuredClass}.${local})`
        : `${scope.use('globals')}()[${pythonString(name)}] = ${local}`,
    );

  const head = [
    docstring(moduleText(definition, types), ''),
    'from __future__ import annotations',
    scope.imports(),
    `# The host compares this with the hash of its own ${definition.name} before the first call.\n` +
      `__interface_hash__ = ${formatHash(definition.hash)}`,
  ];
  const tail = '# The host looks these names up in the module, although no function can have them.';
  return [
    head.filter((part) => part !== '').join('\n\n'),
    ...types.definitions,
    ...(configured ?? functions),
    ...(aliases.length === 0 ? [] : [[tail, ...aliases].join('\n')]),
  ]
    .join('\n\n\n')
    .concat('\n');
}

/** The class of a configured plugin. An underscore keeps it apart from the types of the interface. */
const configuredClass = 'Plugin_';

/** The class with the methods, and the function that creates its object; `undefined` if plugins are not configured. */
function configuredText(
  { config }: Interface,
  scope: PythonScope,
  types: PythonTypes,
  functions: readonly string[],
): readonly string[] | undefined {
  if (config === undefined) return undefined;
  const hint = types.hint(config, 'received');
  const init = `def __init__(self, config: ${hint}) -> None:\n    self.config = config`;
  const body = [init, ...functions].map(indented).join('\n\n');
  const configure = `def __fidius_configure__(config: ${hint}) -> ${configuredClass}:\n    return ${configuredClass}(config)`;
  return [`class ${configuredClass}:\n${body}`, configure];
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '    ');
}

function moduleText({ name, version, doc }: Interface, types: PythonTypes): string {
  const parts = [
    `A plugin for the interface ${name}, version ${version}.`,
    ...(doc === undefined ? [] : [doc]),
    'Made by `fidius stub`: fill in the functions. The host passes arguments by position.',
  ];
  if (types.hasDataclasses) {
    parts.push(
      'In place of a dataclass a function may return a dict with the same keys. A host in Rust takes\n' +
        'nothing else.',
    );
  }
  if (types.hasStandardObjects) {
    parts.push(
      'A host in Rust passes text in place of datetimes, dates, decimals and UUIDs, and takes the str()\n' +
        'of those that are returned.',
    );
  }
  if (types.hasArrays) {
    parts.push(
      'numpy.asarray() makes an array of a memoryview, without a copy. Return an array of numpy, or lists.\n' +
        'A host in Rust passes lists and takes nothing else.',
    );
  }
  return parts.join('\n\n');
}

function functionText(method: InterfaceMethod, scope: PythonScope, types: PythonTypes, isMethod: boolean): string {
  const hints = parameterNames(method).map(({ name, type }) => `${name}: ${argumentHint(type, scope, types)}`);
  const parameters = isMethod ? ['self', ...hints] : hints;
  const signature = bracketed(`def ${scope.functionOf(method.name)}(`, parameters, ')');
  const body = [
    ...docstringOf(method),
    ...(method.streaming ? ['# A generator: yield the items one by one.'] : []),
    `raise ${scope.use('NotImplementedError')}(${pythonString(method.name)})`,
  ];
  return [
    ...notes(method).map(comment),
    `@${scope.use('method')}`,
    `${signature} -> ${returnHint(method.returns, scope, types)}:`,
    ...body.map((line) => `    ${line}`),
  ].join('\n');
}

/** The documentation of a method, and of its arguments in the form of Google's style guide, which editors show. */
export function docstringOf(method: InterfaceMethod): string[] {
  const described = parameterNames(method).flatMap(({ name, doc }) =>
    doc === undefined ? [] : [[name, doc] as const],
  );
  if (described.length === 0) return method.doc === undefined ? [] : [docstring(method.doc, '    ')];
  const lines = described.map(([name, doc]) => `    ${name}: ${doc.trim().replaceAll(/\r\n?|\n/g, '\n        ')}`);
  const parts = [...(method.doc === undefined ? [] : [method.doc.trim()]), ['Args:', ...lines].join('\n')];
  return [docstring(parts.join('\n\n'), '    ')];
}

function notes({ optional, since, wireRaw, clientStreaming }: InterfaceMethod): string[] {
  return [
    ...(optional
      ? [`Optional${since === undefined ? '' : ` since version ${since}`}: a plugin may leave it out.`]
      : []),
    ...(wireRaw ? ['Raw: bytes come and go as they are.'] : []),
    ...(clientStreaming ? ['The stream is always the first argument.'] : []),
  ];
}

/** The parameters in the order of Python: a stream precedes the others, wherever it was declared. */
export function parameterNames(method: InterfaceMethod): Argument[] {
  const streamsFirst = method.arguments.toSorted((a, b) => Number(isStreamType(b.type)) - Number(isStreamType(a.type)));
  const taken = new Set<string>();
  return streamsFirst.map(({ name, type, doc }) => {
    let own = toPythonName(name);
    while (taken.has(own)) own += '_';
    taken.add(own);
    return { name: own, type, doc };
  });
}

function argumentHint(type: ArgumentType, scope: PythonScope, types: PythonTypes): string {
  if (isStreamType(type)) return `${scope.use('Iterator')}[${types.hint(type.item, 'received')}]`;
  return types.hint(type, 'received');
}

function returnHint(returns: ReturnType, scope: PythonScope, types: PythonTypes): string {
  if (returns === undefined) return 'None';
  if (isStreamType(returns)) return `${scope.use('Iterator')}[${types.hint(returns.item, 'returned')}]`;
  return types.hint(isResultType(returns) ? returns.inner : returns, 'returned');
}

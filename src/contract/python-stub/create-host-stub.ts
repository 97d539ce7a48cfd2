import { formatHash } from '../../errors/load-error.ts';
import type { HostInterface } from '../host-interface.ts';
import type { InterfaceMethod } from '../interface.ts';
import { isResultType, isStreamType } from '../result-and-stream.ts';
import { docstringOf, parameterNames } from './create-python-stub.ts';
import { PythonScope } from './python-scope.ts';
import { docstring, pythonString } from './python-text.ts';
import { bracketed, PythonTypes } from './python-types.ts';

const suffix = '_async';
const hostName = '_host';

/**
 * The module by which a plugin calls the functions of a host: for each a function that waits, and a coroutine whose name ends with
 * `_async`. Valid Python 3.9 and later.
 */
export function generateHostStub(definition: HostInterface): string {
  const names = definition.functions.map(({ name }) => name);
  const scope = new PythonScope([...names, ...names.map((name) => `${name}${suffix}`), hostName]);
  const types = new PythonTypes(scope);
  const functions = definition.functions.flatMap((each) => functionTexts(each, scope, types));
  const { name, version, hash, doc } = definition;
  const declaration = bracketed(
    `${hostName} = ${scope.use('host_functions')}(`,
    [pythonString(name), `version=${version}`, `interface_hash=${formatHash(hash)}`],
    ')',
  );
  const about = [
    `Functions of the host: ${name}, version ${version}.`,
    ...(doc === undefined ? [] : [doc]),
    'Made by `fidius stub`: do not change it. A host with another version of these functions refuses the package.',
  ];
  const head = [docstring(about.join('\n\n'), ''), 'from __future__ import annotations', scope.imports(), declaration];
  return [head.join('\n\n'), ...types.definitions, ...functions].join('\n\n\n').concat('\n');
}

function functionTexts(declared: InterfaceMethod, scope: PythonScope, types: PythonTypes): readonly string[] {
  const { name, index, returns } = declared;
  const parameters = parameterNames(declared);
  const hints = parameters.map((each) =>
    isStreamType(each.type) ? each.name : `${each.name}: ${types.hint(each.type, 'returned')}`,
  );
  const type =
    returns === undefined || isStreamType(returns) ? undefined : isResultType(returns) ? returns.inner : returns;
  const returned = type === undefined ? 'None' : types.hint(type, 'received');
  const passed = [String(index), ...parameters.map((each) => each.name)].join(', ');
  const write = (start: string, local: string, body: string) =>
    [
      `${bracketed(`${start} ${local}(`, hints, ')')} -> ${returned}:`,
      ...docstringOf(declared).map((line) => `    ${line}`),
      `    ${body}`,
    ].join('\n');
  return [
    write('def', scope.functionOf(name), `return ${hostName}.call(${passed})`),
    write('async def', scope.functionOf(`${name}${suffix}`), `return await ${hostName}.call_async(${passed})`),
  ];
}

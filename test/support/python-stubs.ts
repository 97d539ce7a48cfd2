import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Interface } from '../../src/index.ts';
import { generatePythonStub } from '../../src/packaging.ts';
import type { Python } from './pythons.ts';

const program = `
import json, sys, types, typing, warnings

warnings.simplefilter("error")

def check(name, source, hash, methods):
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, name, "exec"), module.__dict__)
    if module.__interface_hash__ != int(hash):
        return f"hash is {module.__interface_hash__:#x}"
    for method in methods:
        typing.get_type_hints(getattr(module, method))
    for value in list(vars(module).values()):
        if isinstance(value, type) and value.__module__ == name:
            typing.get_type_hints(value)
    return None

for number, line in enumerate(sys.stdin):
    item = json.loads(line)
    try:
        problem = check(f"stub_{number}", **item)
    except BaseException as error:
        problem = f"{type(error).__name__}: {error}"
    print(json.dumps(problem))
`;

/**
 * Imports the stub of each interface in a real Python with the real SDK, looks for its hash and its methods, and has
 * every type hint evaluated.
 *
 * @returns what Python complained about, for each interface; `null` where there was nothing.
 */
export function importStubs(python: Python, interfaces: readonly Interface[]): readonly (string | null)[] {
  const lines = interfaces.map((definition) => {
    const methods = definition.methods.map(({ name }) => name);
    return JSON.stringify({ source: generatePythonStub(definition), hash: String(definition.hash), methods });
  });
  const sdk = fileURLToPath(new URL('../../python', import.meta.url));
  const output = execFileSync(python.executable, ['-c', program], {
    input: lines.map((line) => `${line}\n`).join(''),
    env: { ...process.env, PYTHONPATH: sdk, PYTHONDONTWRITEBYTECODE: '1', PYTHONIOENCODING: 'utf-8' },
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as string | null);
}

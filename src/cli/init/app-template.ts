import type { Interface } from '../../contract/interface.ts';
import { npmFiles, type ProjectFiles } from './project.ts';

/** The package of the first plugin, its module, and its test. */
const plugin = { name: 'polite-greeter', module: 'polite_greeter' } as const;

/** The files of a project with a host, an interface and a plugin, and a test for each side. */
export async function appFiles(name: string): Promise<ProjectFiles> {
  const { defineInterface } = await import('../../contract/interface.ts');
  const { method } = await import('../../contract/method.ts');
  const { t } = await import('../../contract/t.ts');
  const { formatHash } = await import('../../errors/load-error.ts');
  // The same as in the text of greeter.ts.
  const greeter = defineInterface('Greeter', { version: 1, methods: { greet: method({ name: t.string }, t.string) } });
  const scripts = {
    start: 'tsx host.ts',
    check: 'tsc',
    test: 'npm run test:host && npm run test:plugins',
    'test:host': 'node --import tsx --test tests/host.test.ts',
    'test:plugins': 'python3 -m unittest discover --start-directory tests',
  };
  return {
    ...npmFiles(name, { scripts }, ['*.ts', 'tests/*.ts']),
    '.gitignore': gitignore,
    'README.md': readme(name),
    'greeter.ts': interfaceText,
    'host.ts': hostText,
    [`plugins/${plugin.name}/package.toml`]: manifestText(greeter),
    [`plugins/${plugin.name}/${plugin.module}.py`]: moduleText(formatHash(greeter.hash)),
    'tests/host.test.ts': hostTestText,
    [`tests/test_${plugin.module}.py`]: pluginTestText,
  };
}

const gitignore = `node_modules/

# Python: byte-code, environments, caches of tools
__pycache__/
*.pyc
.venv/
.pytest_cache/

# Written by \`fidius package vendor\`, \`package sign\` and \`package pack\`
plugins/*/vendor/
package.sig
package.files.sig
*.fid

# Written by \`fidius keygen\`: never commit a secret key
*.secret
*.secret.pem
`;

const interfaceText = `import { defineInterface, method, t } from 'fidius';

/**
 * What the host calls and plugins implement. When you change a method, increase \`version\`, and adapt the plugins:
 * \`npx fidius stub greeter.ts\` prints a module with the new hash.
 */
export const Greeter = defineInterface('Greeter', {
  version: 1,
  methods: {
    greet: method({ name: t.string }, t.string),
  },
});
`;

const hostText = `import { join } from 'node:path';
import { PluginHost } from 'fidius';
import { Greeter } from './greeter.ts';

await using host = await PluginHost.open({ searchPaths: [join(import.meta.dirname, 'plugins')] });

const { plugins, failures } = await host.loadAll(Greeter);
for (const { error } of failures) console.error(error.message);

for (const { client, info } of plugins) {
  console.log(\`\${info.name} \${info.version}: \${await client.greet('World')}\`);
}
`;

function manifestText({ name, version }: Interface): string {
  return `[package]
name = "${plugin.name}"
version = "0.1.0"
interface = "${name}"
interface_version = ${version}
runtime = "python"

[metadata]

[python]
entry_module = "${plugin.module}"
`;
}

function moduleText(hash: string): string {
  return `"""A plugin for the interface Greeter, version 1."""

from fidius import PluginError, method

# The host compares this with the hash of its own Greeter before the first call.
__interface_hash__ = ${hash}


@method
def greet(name: str) -> str:
    if not name:
        raise PluginError("EMPTY_NAME", "a name is needed")
    return f"Hello, {name}!"
`;
}

const hostTestText = `import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { isPluginError, PluginHost } from 'fidius';
import { loadPlugin } from 'fidius/testing';
import { Greeter } from '../greeter.ts';

const pluginsFolder = join(import.meta.dirname, '../plugins');

test('every plugin loads and greets', async () => {
  await using host = await PluginHost.open({ searchPaths: [pluginsFolder] });

  const { plugins, failures } = await host.loadAll(Greeter);

  assert.deepEqual(failures, []);
  assert.ok(plugins.length > 0);
  for (const { client } of plugins) assert.match(await client.greet('World'), /World/);
});

test('${plugin.name} rejects an empty name', async () => {
  await using tested = await loadPlugin(join(pluginsFolder, '${plugin.name}'), Greeter);

  await assert.rejects(tested.client.greet(''), (error) => isPluginError(error) && error.code === 'EMPTY_NAME');
});
`;

const pluginTestText = `import sys
import unittest
from pathlib import Path

project = Path(__file__).resolve().parent.parent
plugin = project / "plugins" / "${plugin.name}"
# The module, what is vendored for it, and the SDK that the host brings along.
sys.path[:0] = [str(plugin), str(plugin / "vendor"), str(project / "node_modules" / "fidius" / "python")]

import ${plugin.module}  # noqa: E402
from fidius import PluginError  # noqa: E402


class ${toClassName(plugin.name)}Test(unittest.TestCase):
    def test_greets_by_name(self):
        self.assertEqual(${plugin.module}.greet("World"), "Hello, World!")

    def test_rejects_an_empty_name(self):
        with self.assertRaises(PluginError) as caught:
            ${plugin.module}.greet("")
        self.assertEqual(caught.exception.code, "EMPTY_NAME")


if __name__ == "__main__":
    unittest.main()
`;

function toClassName(name: string): string {
  return name
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}

function readme(name: string): string {
  return `# ${name}

A TypeScript program that calls Python plugins in its own process, with [fidius](https://www.npmjs.com/package/fidius).

| file | contains |
|---|---|
| \`greeter.ts\` | the interface: what the host calls and plugins implement |
| \`host.ts\` | the host: it loads every plugin in \`plugins\` and calls it |
| \`plugins/${plugin.name}\` | a plugin: a manifest, \`package.toml\`, and a Python module |
| \`tests\` | a test of the host, and a test of the plugin |

It needs Node.js 20.19 or newer, and CPython 3.9 or newer with its shared library. \`npx fidius doctor\` prints which
Python it found, and what to install if there is none.

\`\`\`sh
npm install
npm start       # runs the host
npm test        # runs the tests of both sides; test:host or test:plugins runs one
npm run check   # checks the types
\`\`\`

## Work on a plugin

\`\`\`sh
npx fidius run plugins/${plugin.name} greet '"World"' --interface greeter.ts
npx fidius init plugin another-greeter --interface greeter.ts --path plugins
npx fidius package vendor plugins/${plugin.name}
npx fidius package pack plugins/${plugin.name} --byte-code remove
\`\`\`

1. \`run\` calls a method without the host. Arguments and results are JSON.
2. \`init plugin\` creates another plugin.
3. \`package vendor\` installs the dependencies in \`plugins/${plugin.name}/requirements.txt\` into its folder \`vendor\`.
4. \`package pack\` writes the plugin and its dependencies as one file, without the byte-code that tests wrote. \`--key\`
   signs it.

\`npx fidius --help\` lists all commands. For completion in an editor and for pytest, install the SDK into the environment
of the editor: \`pip install node_modules/fidius/python\`.
`;
}

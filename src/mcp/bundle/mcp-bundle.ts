import { readFile, stat } from 'node:fs/promises';
import type { Interface } from '../../contract/interface.ts';
import { interfaceSource } from '../../contract/interface-source.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import type { PackageFile } from '../../packaging/files/package-files.ts';
import type { PythonManifest } from '../../packaging/manifest/manifest.ts';
import type { VendorRecord } from '../../packaging/vendor/distributions.ts';
import { toolsOf } from '../tools.ts';
import { serverPackages } from './server-files.ts';
import type { ZipEntry } from './zip.ts';

/** What a bundle is made of. */
export interface BundleParts {
  readonly manifest: PythonManifest;
  readonly files: readonly PackageFile[];
  readonly definition: Interface;
  /** What the dependencies were vendored for; `undefined` without any, or if another tool did it. */
  readonly vendored: VendorRecord | undefined;
  readonly author: string;
  readonly description: string;
  /** Platform of this machine, as Node names it. */
  readonly platform: string;
  /** The folder of this library. */
  readonly own: string;
}

/** The Pythons and platforms that a package can run on. */
export interface Compatibility {
  /** A range of versions. */
  readonly python: string;
  /** `undefined` for any. */
  readonly platform: string | undefined;
}

const compiledFile = /\.(?:so(?:\.[\d.]+)?|pyd|dylib|dll)$/;

/** @throws FidiusError `FIDIUS_MCPB_UNSUPPORTED` if it cannot be known. */
export function compatibilityOf({ files, vendored, platform }: BundleParts): Compatibility {
  const compiled = files.filter(({ path }) => compiledFile.test(path));
  const foreign = compiled.find(({ path }) => path.startsWith('vendor/'));
  if (foreign !== undefined && vendored === undefined) {
    throw new FidiusError(
      'FIDIUS_MCPB_UNSUPPORTED',
      `The bundle cannot say which Python ${foreign.path} was built for: another tool made the folder vendor`,
      { hint: 'Vendor the dependencies with `fidius package vendor --refresh`.' },
    );
  }
  if (compiled.length === 0) return { python: '>=3.9', platform: undefined };
  if (vendored === undefined) return { python: '>=3.9', platform };
  const [major = 0, minor = 0] = vendored.python.version.split('.').map(Number);
  return { python: `>=${major}.${minor},<${major}.${minor + 1}`, platform: vendored.platform };
}

/** The manifest of a bundle. */
export function bundleManifest(parts: BundleParts, { python, platform }: Compatibility): object {
  const { manifest, definition, author, description } = parts;
  const { name, version } = manifest;
  const tools = [...toolsOf([{ name, interface: definition }], undefined).values()];
  return {
    manifest_version: '0.3',
    name,
    version,
    description,
    author: { name: author },
    server: {
      type: 'node',
      entry_point: 'server/index.js',
      mcp_config: {
        command: 'node',
        args: ['$' + '{__dirname}/server/index.js'],
        env: { PLUGIN_PYTHON: '$' + '{user_config.python}' },
      },
    },
    tools: tools.map((tool) => ({ name: tool.definition.name, description: tool.definition.description })),
    user_config: {
      python: {
        type: 'string',
        title: 'Python',
        description: `Path of a Python interpreter (${python}). If it is empty, python3 is used.`,
        required: false,
        default: '',
      },
    },
    compatibility: {
      ...(platform === undefined ? {} : { platforms: [platform] }),
      runtimes: { node: '>=20.19', python },
    },
  };
}

/** All files of a bundle: its manifest, the package, and a server with what it needs. */
export function bundleEntries(parts: BundleParts, compatibility: Compatibility): readonly ZipEntry[] {
  const { manifest, files, definition, own } = parts;
  const text = (path: string, content: string): ZipEntry => ({
    path,
    isExecutable: false,
    read: async () => Buffer.from(content),
  });
  return [
    text('manifest.json', `${JSON.stringify(bundleManifest(parts, compatibility), undefined, 2)}\n`),
    text('server/package.json', '{ "type": "module" }\n'),
    text('server/index.js', serverSource(manifest.name)),
    text('server/interface.js', interfaceSource(definition)),
    ...files.map(({ path, real }) => fileEntry(`packages/${manifest.name}/${path}`, real)),
    ...serverPackages(own, 'server/node_modules').map(({ path, source }) => fileEntry(path, source)),
  ];
}

function fileEntry(path: string, source: string): ZipEntry {
  return { path, isExecutable: false, read: async () => readFile(source) };
}

/** Files with the executable bit, which a zip keeps. */
export async function withModes(entries: readonly ZipEntry[], files: readonly PackageFile[]): Promise<ZipEntry[]> {
  const executable = new Set<string>();
  for (const { path, real } of files) if (((await stat(real)).mode & 0o111) !== 0) executable.add(path);
  return entries.map((entry) => {
    const path = entry.path.replace(/^packages\/[^/]*\//, '');
    return entry.path.startsWith('packages/') && executable.has(path) ? { ...entry, isExecutable: true } : entry;
  });
}

/** The program of the server. As lines, so that its imports are not taken for those of this file. */
function serverSource(name: string): string {
  const lines = [
    "import { env, stderr, stdin } from 'node:process';",
    "import { fileURLToPath } from 'node:url';",
    "import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';",
    "import { PluginHost } from 'fidius';",
    "import { createMcpServer } from 'fidius/mcp';",
    "import { definition } from './interface.js';",
    '',
    `const name = ${JSON.stringify(name)};`,
    '// An application that does not know the setting leaves its placeholder.',
    "const given = env.PLUGIN_PYTHON ?? '';",
    "const python = given === '' || given.startsWith('$') ? undefined : given;",
    "const print = (text) => stderr.write(text + '\\n');",
    '',
    'const host = await PluginHost.open({',
    "  searchPaths: [fileURLToPath(new URL('../packages', import.meta.url))],",
    "  executor: 'process',",
    '  python,',
    '  // Standard output belongs to the protocol.',
    '  onOutput: ({ text }) => print(text),',
    '});',
    'const server = await createMcpServer(host, {',
    '  name,',
    '  plugins: [{ name, interface: definition }],',
    "  onError: (error, tool) => print(tool + ': ' + (error.traceback ?? error.message)),",
    '});',
    "stdin.once('end', async () => {",
    '  await server.close();',
    "  await host.close({ mode: 'abort', timeoutMs: 500 });",
    '});',
    'await server.connect(new StdioServerTransport());',
    '',
  ];
  return lines.join('\n');
}

import type { InterfaceDescriptor } from '../codec/descriptor.ts';
import { FidiusError } from '../errors/fidius-error.ts';
import { LoadError } from '../errors/load-error.ts';
import { checkOptionNames, describe } from '../errors/options.ts';
import { readManifest, type Manifest, type PythonManifest } from '../packaging/manifest/manifest.ts';
import { PythonPluginHandle } from '../python/handle.ts';
import { loadPackage } from '../python/load.ts';
import { type StartOptions, startPython } from '../python/start.ts';
import { debugToStderr } from './debug.ts';
import { traceLoad } from './diagnostics.ts';

/**
 * Loads the Python package in a folder for an interface, on the calling thread.
 *
 * Reads the manifest, starts Python if this process has not yet, puts `<dir>/vendor` and `<dir>` in front of `sys.path`,
 * imports the entry module, checks its interface hash and resolves each method. All or nothing. The low-level way in:
 * nothing is verified; `PluginHost` does more. The behaviour is that of the Rust host's `load_python_plugin`.
 *
 * @param packageDir folder with `package.toml`, as it shall stand on `sys.path`.
 * @param descriptor `descriptor` of an interface made by `defineInterface`, or one written by hand.
 * @throws ManifestError, {@link LoadError}; the codes of starting Python; `FIDIUS_ARGUMENT_INVALID`.
 */
export function loadPythonPlugin(
  packageDir: string,
  descriptor: InterfaceDescriptor,
  options: StartOptions = {},
): PythonPluginHandle {
  if (typeof packageDir !== 'string' || packageDir === '') {
    const found = describe(packageDir);
    throw new FidiusError('FIDIUS_ARGUMENT_INVALID', `loadPythonPlugin() takes the path of a package, got ${found}`);
  }
  checkDescriptor(descriptor);
  checkOptionNames('loadPythonPlugin()', options, ['python', 'libpython', 'isolatePython']);
  debugToStderr(process.env);

  return traceLoad({ path: packageDir, interface: descriptor.interfaceName }, (details) => {
    const manifest = readManifest(packageDir);
    checkPythonManifest(packageDir, manifest, descriptor);
    details.plugin = manifest.name;
    details.entryModule = manifest.python.entryModule;
    const interpreter = startPython(options);
    const { entryModule } = manifest.python;
    const loaded = loadPackage(interpreter, { plugin: manifest.name, folder: packageDir, entryModule, descriptor });
    return new PythonPluginHandle(interpreter, loaded, manifest.name, descriptor);
  });
}

/** Refuses a package that is not a Python plugin. */
export function checkPythonManifest(
  path: string,
  manifest: Manifest,
  { interfaceName }: Pick<InterfaceDescriptor, 'interfaceName'>,
): asserts manifest is PythonManifest {
  if (manifest.runtime === 'python') return;
  throw new LoadError(
    'FIDIUS_RUNTIME_NOT_PYTHON',
    `it is not a Python plugin, its manifest says runtime = "${manifest.runtime}"`,
    { path, interface: interfaceName },
    { hint: 'Packages of other runtimes run in the Rust host.' },
  );
}

function checkDescriptor(descriptor: InterfaceDescriptor): void {
  const sound =
    typeof descriptor === 'object' &&
    descriptor !== null &&
    typeof descriptor.interfaceName === 'string' &&
    typeof descriptor.interfaceHash === 'bigint' &&
    Array.isArray(descriptor.methods) &&
    descriptor.methods.every(({ name, wireRaw }) => typeof name === 'string' && typeof wireRaw === 'boolean');
  if (sound) return;
  throw new FidiusError(
    'FIDIUS_ARGUMENT_INVALID',
    `A descriptor has interfaceName (string), interfaceHash (bigint) and methods ([{ name, wireRaw }]), got ${describe(descriptor)}`,
    { hint: 'Pass the `descriptor` of an interface made by defineInterface().' },
  );
}

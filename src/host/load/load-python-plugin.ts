import type { InterfaceDescriptor } from '../../codec/descriptor.ts';
import { loadPackage, PythonPluginHandle } from '../../cpython/call/python-plugin-handle.ts';
import { type StartOptions, startPython } from '../../cpython/lifecycle/start.ts';
import { FidiusTypeError } from '../../errors/fidius-error.ts';
import { checkOptionNames, describe } from '../../errors/options.ts';
import { readManifest } from '../../packaging/manifest/manifest.ts';
import { printLoads } from '../events/debug-printer.ts';
import { traceLoad } from '../events/load-channel.ts';
import { checkManifest } from './check-manifest.ts';
import { toLoadRequest } from './to-load-request.ts';

/**
 * Loads the Python package in a folder for an interface, on the calling thread.
 *
 * Reads the manifest, starts Python if it does not run yet, puts `<dir>/vendor` and `<dir>` in front of `sys.path`, imports the
 * entry module, checks its interface hash and resolves each method. A failed load changes nothing. This is the low-level
 * function: nothing is verified, and there is no executor. Use `PluginHost` otherwise. It behaves like `load_python_plugin` of
 * the Rust host.
 *
 * @param packageDir folder with `package.toml`, as it is put on `sys.path`.
 * @param descriptor `descriptor` of an interface made by `defineInterface`, or one written by hand.
 * @throws ManifestError, LoadError; the codes of starting Python; `FIDIUS_ARGUMENT_INVALID`.
 */
export function loadPythonPlugin(
  packageDir: string,
  descriptor: InterfaceDescriptor,
  options: StartOptions = {},
): PythonPluginHandle {
  if (typeof packageDir !== 'string' || packageDir === '') {
    const found = describe(packageDir);
    throw new FidiusTypeError(
      'FIDIUS_ARGUMENT_INVALID',
      `loadPythonPlugin() takes the path of a package, got ${found}`,
    );
  }
  checkDescriptor(descriptor);
  checkOptionNames('loadPythonPlugin()', options, ['python', 'libpython', 'isolatePython']);
  printLoads(process.env);

  return traceLoad({ path: packageDir, interface: descriptor.interfaceName }, (details) => {
    const manifest = readManifest(packageDir);
    checkManifest(packageDir, manifest, { interfaceName: descriptor.interfaceName });
    const request = toLoadRequest({ path: packageDir, folder: packageDir, manifest }, descriptor);
    details.plugin = request.plugin;
    details.entryModule = request.entryModule;
    const interpreter = startPython(options);
    const loaded = loadPackage(interpreter, request);
    return new PythonPluginHandle(interpreter, loaded, request.plugin, descriptor);
  });
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
  throw new FidiusTypeError(
    'FIDIUS_ARGUMENT_INVALID',
    `A descriptor has interfaceName (string), interfaceHash (bigint) and methods ([{ name, wireRaw }]), got ${describe(descriptor)}`,
    { hint: 'Pass the `descriptor` of an interface made by defineInterface().' },
  );
}

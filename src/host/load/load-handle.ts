import type { InterfaceDescriptor } from '../../codec/descriptor.ts';
import { loadPackage, PythonPluginHandle } from '../../cpython/call/python-plugin-handle.ts';
import { prepareStart, type StartOptions, startPython } from '../../cpython/lifecycle/start.ts';
import { readManifest } from '../../packaging/manifest/manifest.ts';
import { printLoads, traceLoad } from '../events/load-channel.ts';
import { checkManifest, toLoadRequest } from './check-manifest.ts';
import { explainFailure } from './load-pipeline.ts';

/** Loads a package without an executor and without verification; the arguments of `loadPythonPlugin()`, checked. */
export function loadHandle(
  folder: string,
  descriptor: InterfaceDescriptor,
  options: StartOptions,
): Promise<PythonPluginHandle> {
  printLoads(process.env);
  return traceLoad({ path: folder, interface: descriptor.interfaceName }, async (details) => {
    const manifest = readManifest(folder);
    checkManifest(folder, manifest, { interfaceName: descriptor.interfaceName });
    const request = toLoadRequest({ path: folder, folder, manifest }, descriptor);
    details.plugin = request.plugin;
    details.entryModule = request.entryModule;
    await prepareStart(options);
    const interpreter = startPython(options);
    const selected = { path: folder, folder, manifest };
    const loaded = await explainFailure({ selected, vendorConflicts: [], start: options }, () =>
      loadPackage(interpreter, request),
    );
    return new PythonPluginHandle(interpreter, loaded, request.plugin, descriptor);
  });
}

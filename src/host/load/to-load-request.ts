import type { InterfaceDescriptor } from '../../codec/descriptor.ts';
import type { LoadRequest } from '../../executor/executor.ts';
import type { PythonManifest } from '../../packaging/manifest/manifest.ts';

/** A package whose manifest was checked. */
interface CheckedPackage {
  /** The path that the user knows it by; errors name it. */
  readonly path: string;
  /** The folder that it runs from. */
  readonly folder: string;
  readonly manifest: PythonManifest;
}

/** The record that an executor, or the interpreter itself, loads a package by. */
export function toLoadRequest(
  { path, folder, manifest }: CheckedPackage,
  descriptor: InterfaceDescriptor,
  limits: Pick<LoadRequest, 'refuseExternal' | 'totalTimeoutMs'> = {},
): LoadRequest {
  const { name: plugin, python } = manifest;
  return { plugin, folder, origin: path, entryModule: python.entryModule, descriptor, ...limits };
}

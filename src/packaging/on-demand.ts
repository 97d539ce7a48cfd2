/**
 * The code for archives, signatures and the package store. A host imports it when it finds an archive or requires
 * signatures. One file, because each file that is imported on demand splits the published files into more chunks.
 */
export { readArchiveManifest } from './archive/read-archive.ts';
export { Trust } from './signing/trust.ts';
export { nameOf, readTrustStore } from './signing/trust-store.ts';
export { HighestVersions } from './store/highest-versions.ts';
export { PackageStore } from './store/package-store.ts';

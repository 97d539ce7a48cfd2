/**
 * The code that opens a host, finds packages and loads them. `PluginHost.open()` imports it, so that `import 'fidius'` reads
 * only what interfaces and clients need. One file, because each file that is imported on demand splits the published files into
 * more chunks.
 */
export { encodeConfig } from '../contract/config.ts';
export { provideFunctions } from '../contract/host-interface.ts';
export { discoverPackages } from '../packaging/discover-packages.ts';
export { readVendored } from '../packaging/vendor/vendor-conflicts.ts';
export { reportArguments } from './events/argument-notice.ts';
export { emitWarning, VendorConflictReporter } from './events/host-notice.ts';
export { printLoads, traceLoad } from './events/load-channel.ts';
export { ExecutorPool } from './load/executor-pool.ts';
export { findOffers, loadOffers } from './load/load-all.ts';
export { LoadBudget } from './load/load-budget.ts';
export { loadHandle } from './load/load-handle.ts';
export { runLoad } from './load/load-pipeline.ts';
export { discoverForHost, selectPackages } from './load/select-packages.ts';
export { PackagePolicy } from './policy/package-policy.ts';
export { cannotWatch, HotReload, requireWatchable } from './reload/hot-reload.ts';

// One operation of the published library, in a process of its own: operation.mjs <name> <path>…
// Prints one line of JSON: how long it took, and what it needed.
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  discoverPackages,
  PackageStore,
  digestPackage,
  packPackage,
  SecretKey,
  signPackage,
  unpackPackage,
  verifyPackage,
} from '../../dist/bundle/packaging.js';

const key = new SecretKey(Buffer.alloc(32, 1));
const trustedKeys = [key.publicKey];
const anySize = { maxBytes: Number.MAX_SAFE_INTEGER, maxEntries: Number.MAX_SAFE_INTEGER, maxRatio: 0 };

const operations = {
  sign: (dir) => signPackage(dir, { key }),
  digest: (dir) => digestPackage(dir),
  pack: (dir, output) => packPackage(dir, { output, vendor: false }),
  unpack: (archive, dest) => unpackPackage(archive, dest, anySize),
  verify: (dir) => verifyPackage(dir, { trustedKeys }),
  // The work of a host that requires signatures, before it imports anything.
  admit: async (dir, store) =>
    (await PackageStore.open(store)).addFolder(dir, {
      trustedKeys,
      requireSignature: true,
      maxBytes: anySize.maxBytes,
      maxEntries: anySize.maxEntries,
    }),
  admitArchive: async (archive, store) =>
    (await PackageStore.open(store)).addArchive(archive, { trustedKeys, requireSignature: true, ...anySize }),
  discover: async (dir) => {
    const { packages } = await discoverPackages([dir]);
    return packages.length;
  },
};

const [name, ...paths] = process.argv.slice(2);
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const [readBefore, processor, start] = [readBytes(), process.cpuUsage(), performance.now()];
const result = await operations[name](...paths);
const ms = performance.now() - start;
delay.disable();
const { user, system } = process.cpuUsage(processor);
const used = {
  ms,
  processorMs: (user + system) / 1e3,
  peakBytes: field('status', 'VmHWM') * 1024,
  readBytes: readBytes() - readBefore,
  delayP99Ms: delay.percentile(99) / 1e6,
};
process.stdout.write(`${JSON.stringify({ ...used, count: typeof result === 'number' ? result : undefined })}\n`);

/** Bytes that this process has read so far, with all of its threads. */
function readBytes() {
  return field('io', 'rchar');
}

function field(file, name) {
  try {
    return Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(readFileSync(`/proc/self/${file}`, 'utf8'))?.[1]);
  } catch {
    return Number.NaN;
  }
}

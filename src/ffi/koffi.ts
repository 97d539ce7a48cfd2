import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import { FidiusError } from '../errors/fidius-error.ts';
import { messageOf } from '../errors/is-error.ts';
import type { CFunction, CType, Ffi, ScalarType, SharedLibrary, StructType } from './ffi.ts';

type KoffiType = Koffi.TypeObject | string;

// biome-ignore format: one line per type reads best
const scalars: Readonly<Record<ScalarType, string>> = {
  void: 'void', int: 'int', int64: 'int64_t', double: 'double', size: 'size_t', address: 'intptr_t',
  memory: 'void *', text: 'const char *', texts: 'const char **',
};

const stackBytes = 16 * 1024 * 1024;

let loaded: typeof Koffi | undefined;
let configured = false;
const structs = new WeakMap<StructType, KoffiType>();

/**
 * Loads koffi when Python is started, and not earlier: reading, verifying and packing need no native code, which takes
 * time to load and which a process may not be permitted to load.
 */
function load(): typeof Koffi {
  loaded ??= createRequire(import.meta.url)('koffi') as typeof Koffi;
  return loaded;
}

/** koffi with a large stack, which can only be configured before its first use in a JavaScript environment. */
function prepare(): typeof Koffi {
  const library = load();
  if (configured) return library;
  try {
    library.config({ ...library.config(), sync_stack_size: stackBytes, async_stack_size: stackBytes });
  } catch (cause) {
    const found = library.config().sync_stack_size ?? 0;
    if (found < stackBytes) {
      throw new FidiusError(
        'FIDIUS_KOFFI_CONFIGURED',
        `koffi was used before fidius and runs native code on ${found} bytes of stack, Python needs ${stackBytes}`,
        {
          cause,
          hint: `Load a plugin before the first koffi.load(), or call koffi.config({ sync_stack_size: ${stackBytes} }) first.`,
        },
      );
    }
  }
  configured = true;
  return library;
}

function toKoffi(type: CType): KoffiType {
  if (typeof type === 'string') return scalars[type];
  let struct = structs.get(type);
  if (struct === undefined) {
    // Without a name: koffi rejects a second definition of a name in the same environment.
    struct = load().struct(
      Object.fromEntries(Object.entries(type.struct).map(([name, field]) => [name, scalars[field]])),
    );
    structs.set(type, struct);
  }
  return struct;
}

class KoffiLibrary implements SharedLibrary {
  readonly path: string;
  readonly #handle: Koffi.LibraryHandle;

  constructor(path: string, handle: Koffi.LibraryHandle) {
    this.path = path;
    this.#handle = handle;
  }

  has(symbol: string): boolean {
    try {
      this.#handle.symbol(symbol);
      return true;
    } catch {
      return false;
    }
  }

  address(symbol: string): number {
    return Number(load().address(this.#handle.symbol(symbol)));
  }

  function(symbol: string, result: CType, parameters: readonly CType[]): CFunction {
    return this.#handle.func(symbol, toKoffi(result), parameters.map(toKoffi)) as CFunction;
  }
}

/** The only file that imports koffi. */
export const koffi: Ffi = {
  stackBytes,

  load() {
    load();
  },

  openLibrary(path) {
    const library = prepare();
    try {
      // global: extension modules take CPython's symbols from the process. deep: the node binary exports its copies of
      // OpenSSL, zlib and other libraries, which would otherwise take precedence over those that libpython was built with.
      return new KoffiLibrary(path, library.load(path, { global: true, deep: process.platform === 'linux' }));
    } catch (cause) {
      throw new FidiusError(
        'FIDIUS_LIBPYTHON_INVALID',
        `Cannot load ${path} as a shared library: ${messageOf(cause)}`,
        {
          cause,
          hint: 'Name a CPython shared library (libpython3.x.so, .dylib or python3x.dll) built for this machine.',
        },
      );
    }
  },

  openProcess() {
    return new KoffiLibrary('', prepare().load(null));
  },

  openSystemLibrary(name) {
    const library = prepare();
    try {
      return new KoffiLibrary(name, library.load(name));
    } catch {
      return undefined;
    }
  },

  functionAt(address, result, parameters) {
    const library = load();
    return library.decode(BigInt(address), library.proto(toKoffi(result), parameters.map(toKoffi))) as CFunction;
  },

  callback(result, parameters, body) {
    const library = load();
    const proto = library.proto(toKoffi(result), parameters.map(toKoffi));
    return Number(library.register(body, library.pointer(proto)));
  },

  addressOf(memory) {
    return Number(load().address(memory));
  },

  viewOf(address, bytes) {
    return load().view(BigInt(address), bytes);
  },
};

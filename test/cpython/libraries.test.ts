import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { outputOf } from '../support/isolated.ts';
import { observe } from '../support/observer.ts';
import { embeddablePythons } from '../support/pythons.ts';

// Node brings OpenSSL, zlib and others of its own, and keeps variables of the C++ library in itself.

it('hashes, compresses and encrypts with the libraries of Python, and exactly as Python does alone', async () => {
  const { executable } = (await observe('facts')) as { executable: string };

  const inside = await observe('execute', useOfLibraries);

  const alone = execFileSync(executable, ['-c', `${useOfLibraries}\nimport json; print(json.dumps(result))`]);
  expect(inside).toEqual(JSON.parse(alone.toString()));
  const { digests, packed, talk } = inside as { digests: object; packed: object; talk: unknown };
  expect(Object.keys(digests).length).toBeGreaterThan(10);
  expect(packed).toMatchObject({ zlib: true, gzip: true });
  expect(talk).toEqual(['TLSv1.2', 'hello']);
});

it.skipIf(process.platform !== 'linux')('has C++ libraries print where the program prints', async () => {
  const { stdout } = await outputOf('run-python.ts', { args: ['inline', JSON.stringify([printWithCpp])] });

  expect(stdout).toContain('printed by C++ 42\n');
});

const pythonWithNumpy = embeddablePythons().findLast(({ executable }) => {
  try {
    execFileSync(executable, ['-c', 'import numpy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});
if (pythonWithNumpy === undefined) console.log('numpy is not tested: no Python that was found has it');

it.skipIf(pythonWithNumpy === undefined)('runs numpy, and exchanges arrays with it', async () => {
  const { stdout } = await outputOf('numpy.ts', {
    env: { ...process.env, FIDIUS_PYTHON: pythonWithNumpy?.executable },
  });

  expect(stdout).toMatchInlineSnapshot(`
    "np.float64(1.5): 1.5
    np.float32(0.1): 0.10000000149011612
    np.int64(2**62): 4611686018427387904n
    np.uint8(255): 255
    np.bool_(True): true
    np.str_("text"): 'text'
    np.array([1.5, -0.0, np.nan]): Float64Array(3) [ 1.5, -0, NaN ]
    np.arange(3, dtype="int32"): Int32Array(3) [ 0, 1, 2 ]
    np.arange(3, dtype="uint64"): BigUint64Array(3) [ 0n, 1n, 2n ]
    np.array([True, False]): [ true, false ]
    np.ones((2, 3), dtype="float32"): { dtype: 'float32', shape: [ 2, 3 ], data: Float32Array(6) [ 1, 1, 1, 1, 1, 1 ] }
    np.arange(6).reshape(2, 3).T: { dtype: 'int64', shape: [ 3, 2 ], data: BigInt64Array(6) [ 0n, 3n, 1n, 4n, 2n, 5n ] }
    {"rows": [np.float64(2.0), np.arange(2, dtype="int16")]}: { rows: [ 2, Int16Array(2) [ 0, 1 ] ] }
    float(np.asarray(args[0]).sum()): 6.5
    str(np.asarray(args[0]).dtype): 'uint16'
    np.asarray(args[0]) * 2: Int32Array(2) [ 2, -4 ]
    bool(np.allclose(np.linalg.inv(np.eye(200) * 2) @ np.eye(200), np.eye(200) / 2)): true
    np.array([object()]): Cannot return the result of evaluate_with(): a numpy array of object has no counterpart in JavaScript
    np.array([1+2j]): Cannot return the result of evaluate_with(): a numpy array of complex128 has no counterpart in JavaScript
    np.datetime64("2024-01-01"): '2024-01-01'
    np.datetime64("NaT"): Cannot read result from Python: NaT has no counterpart in JavaScript
    np.timedelta64("NaT"): Cannot read result from Python: NaT has no counterpart in JavaScript
    np.timedelta64(1, "D"): Cannot return the result of evaluate_with(): numpy.timedelta64 has no counterpart in JavaScript
    "
  `);
});

it.skipIf(pythonWithNumpy === undefined)('exchanges declared arrays with numpy', async () => {
  const { stdout } = await outputOf('numpy-arrays.ts', {
    env: { ...process.env, FIDIUS_PYTHON: pythonWithNumpy?.executable },
  });

  expect(stdout).toMatchInlineSnapshot(`
    "mean: 3
    doubled: { dtype: 'float64', shape: [ 1, 2 ], data: Float64Array(2) [ 2, 4 ] }
    the argument afterwards: Float64Array(2) [ 1, 2 ]
    transposed: { dtype: 'int32', shape: [ 3, 1 ], data: Int32Array(3) [ 1, 2, 3 ] }
    of_none: '(0, 3) uint8'
    halves: Float32Array(2) [ 0.5, 1 ]
    flags: Uint8Array(2) [ 1, 0 ]
    flag_table: { dtype: 'bool', shape: [ 2, 2 ], data: Uint8Array(4) [ 1, 0, 0, 1 ] }
    swapped: Int16Array(2) [ 1, -2 ]
    rows: { dtype: 'float32', shape: [ 2, 2 ], data: Float32Array(4) [ 1, 1, 1, 0.5 ] }
    scalar: '7'
    day: '2024-05-01'
    moment: '2024-05-01T12:30:00.000001'
    wrong_type: wrong_type(): result must be an array of float64 with 1 dimension, got an array of float32 with 1 dimension | Return value.astype("float64"), or declare t.ndarray("float32", 1).
    wrong_shape: wrong_shape(): result must be an array of float64 with 1 dimension, got an array of float64 with 2 dimensions | Return value.reshape(…), or declare t.ndarray("float64", 2).
    nanoseconds: nanoseconds(): result must be a naive datetime with at most microseconds, got "2024-05-01T12:30:00.000000001" | undefined
    "
  `);
});

const useOfLibraries = `
import gzip, hashlib, hmac, importlib, ssl, zlib
data = bytes(range(256)) * 1000

def digests():
    for name in sorted(hashlib.algorithms_available):
        try: hasher = hashlib.new(name, data)
        except ValueError: continue  # switched off in this OpenSSL
        yield name, hasher.hexdigest() if hasher.digest_size else hasher.hexdigest(32)

def packed():
    for name in ("bz2", "gzip", "lzma", "zlib"):
        try: module = importlib.import_module(name)
        except ImportError: continue
        yield name, module.decompress(module.compress(data)) == data

def talk():
    """A handshake without certificates, in memory."""
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    pipes, ends = (ssl.MemoryBIO(), ssl.MemoryBIO()), []
    for context, is_server in ((client, False), (server, True)):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AECDH:@SECLEVEL=0")
        ends.append(context.wrap_bio(pipes[is_server - 1], pipes[is_server], server_side=is_server))
    waiting = set(ends)
    while waiting:
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.discard(end)
            except ssl.SSLWantReadError: pass
    ends[0].write(b"hello")
    return [ends[0].version(), ends[1].read(5).decode()]

result = {
    "versions": [ssl.OPENSSL_VERSION, zlib.ZLIB_RUNTIME_VERSION],
    "digests": dict(digests()),
    "packed": dict(packed()),
    "crc": zlib.crc32(data),
    "hmac": hmac.new(b"key", data, "sha256").hexdigest(),
    "pbkdf2": hashlib.pbkdf2_hmac("sha512", b"password", b"salt", 1000).hex(),
    "talk": talk(),
}`;

/** As compiled code does: \`std::cout << "…" << 42\`, on the stream that a library finds in the C++ library itself. */
const printWithCpp = `
import ctypes
cpp = ctypes.CDLL("libstdc++.so.6")
put_text = cpp["_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc"]
put_int = cpp["_ZNSolsEi"]
put_text.restype = put_int.restype = ctypes.c_void_p
cout = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.in_dll(cpp, "_ZSt4cout")))
stream = put_text(cout, b"printed by C++ ")
stream = put_int(ctypes.c_void_p(stream), 42)
put_text(ctypes.c_void_p(stream), b"\\n")`;

import { execFileSync } from 'node:child_process';
import { encodeValue } from '../../../src/codec/pickle/encode-value.ts';
import { runtimeFolder } from '../../../src/cpython/runtime-folders.ts';
import { frameType, headerBytes, protocolVersion, writeHeader } from '../../../src/protocol/frames.ts';
import { findPythons } from '../../support/pythons.ts';

interface FrameParts {
  readonly flags?: number;
  readonly method?: number;
  readonly call?: number;
  readonly plugin?: number;
  readonly payload?: Uint8Array;
  /** Size in the header, when it shall not be that of the payload. */
  readonly announced?: number;
}

/** A frame, or something that looks like one. */
export function frame(type: number, parts: FrameParts = {}): Buffer {
  const { flags = 0, method = 0, call = 0, plugin = 0, payload = new Uint8Array(0) } = parts;
  const bytes = Buffer.alloc(headerBytes + payload.length);
  writeHeader(bytes, 0, type, flags, method, call, plugin, parts.announced ?? payload.length);
  bytes.set(payload, headerBytes);
  return bytes;
}

/** The first frame of a host. */
export function handshakeFrame(settings: object = {}): Buffer {
  const payload = encodeValue({ threads: 2, spareThreads: 0, referenceBytes: null, captureOutput: false, ...settings });
  return frame(frameType.handshake, { method: protocolVersion, payload });
}

/** Values as Python's side of the codec writes them. JSON must be able to carry them there. */
export function writtenByPython(...values: readonly unknown[]): Buffer[] {
  const { executable } = findPythons().at(-1) as { executable: string };
  const program = `import json, sys; sys.path.insert(0, ${JSON.stringify(runtimeFolder)})
from fidius_host import codec
print(json.dumps([codec.encode(value).hex() for value in json.loads(sys.argv[1])]))`;
  const written = execFileSync(executable, ['-c', program, JSON.stringify(values)], { encoding: 'utf8' });
  return (JSON.parse(written) as string[]).map((hex) => Buffer.from(hex, 'hex'));
}

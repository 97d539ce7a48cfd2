import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { runtimeFolder } from '../../src/cpython/runtime-folders.ts';
import {
  frameFlag,
  frameType,
  headerBytes,
  maxPayloadBytes,
  protocolVersion,
  referenceBytes,
  serverMethod,
} from '../../src/executor/protocol.ts';
import { frame } from '../support/frames.ts';
import { findPythons } from '../support/pythons.ts';

const { executable } = findPythons().at(-1) as { executable: string };

/** Runs Python with `fidius_host.transport.protocol` imported as `protocol`; gives what it prints as JSON. */
function askTwin(source: string): unknown {
  const program = `import json, sys; sys.path.insert(0, ${JSON.stringify(runtimeFolder)})\nfrom fidius_host.transport import protocol\n${source}`;
  return JSON.parse(execFileSync(executable, ['-c', program], { encoding: 'utf8' }));
}

const upperCase = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

describe('protocol.ts and protocol.py', () => {
  it('give the same numbers to the same names', () => {
    const constants = { ...frameType, ...frameFlag };
    const ours = Object.fromEntries(Object.entries(constants).map(([name, value]) => [upperCase(name), value]));

    expect(
      askTwin('print(json.dumps({name: value for name, value in vars(protocol).items() if isinstance(value, int)}))'),
    ).toEqual({
      ...ours,
      VERSION: protocolVersion,
      HEADER_BYTES: headerBytes,
      MAX_PAYLOAD_BYTES: maxPayloadBytes,
    });
  });

  it('lay out headers alike', () => {
    const header = frame(3, {
      flags: 4,
      method: 0x0506,
      call: 0x0708_090a,
      plugin: 0xf0b0_c0d0,
      announced: 0x1122_3344,
    });
    const unpacked = `protocol.HEADER.unpack(bytes.fromhex("${header.toString('hex')}"))`;

    const answer = askTwin(`print(json.dumps([protocol.HEADER.size, protocol.REFERENCE.size, ${unpacked}]))`);

    expect(answer).toEqual([headerBytes, referenceBytes, [0x1122_3344, 3, 4, 0x0506, 0x0708_090a, 0xf0b0_c0d0]]);
  });

  it('number the methods of the server alike', () => {
    const names = 'from fidius_host.server.call_server import Server\nprint(json.dumps(Server.OWN_METHODS))';

    expect(askTwin(names)).toEqual(Object.keys(serverMethod).map((name) => upperCase(name).toLowerCase()));
  });
});

import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { runtimeFolder } from '../../../../src/cpython/runtime-folders.ts';
import { FrameReader } from '../../../../src/executor/server/frame-reader.ts';
import {
  type HostMessage,
  isServerMessage,
  readServerMessage,
  type ServerMessage,
  sendHostMessage,
} from '../../../../src/protocol/conversation.ts';
import {
  frameFlag,
  frameType,
  headerBytes,
  maxPayloadBytes,
  protocolVersion,
  referenceBytes,
  serverMethod,
} from '../../../../src/protocol/frames.ts';
import { findPythons } from '../../../support/pythons.ts';
import { frame } from '../../support/frames.ts';

const { executable } = findPythons().at(-1) as { executable: string };

/** Runs Python with `fidius_host.transport.protocol` imported as `protocol`; gives what it prints as JSON. */
function askTwin(source: string): unknown {
  const program = `import json, sys; sys.path.insert(0, ${JSON.stringify(runtimeFolder)})\nfrom fidius_host.transport import protocol\n${source}`;
  return JSON.parse(execFileSync(executable, ['-c', program], { encoding: 'utf8' }));
}

const upperCase = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

describe('both sides of the protocol', () => {
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

  const bytes = (text: string) => new TextEncoder().encode(text);

  it.each<[string, HostMessage]>([
    ['items', { kind: 'items', count: 3, payload: bytes('items') }],
    ['an item without content', { kind: 'items', count: 1, payload: bytes('') }],
    ['a credit', { kind: 'credit', items: 0xffff_ffff }],
    ['the end of a stream', { kind: 'end' }],
    ['the failure of a stream', { kind: 'end', error: bytes('failed') }],
    ['the result of a host function', { kind: 'hostResult', number: 7, raised: false, payload: bytes('result') }],
    ['the error of a host function', { kind: 'hostResult', number: 8, raised: true, payload: bytes('error') }],
  ])('agree on %s from the host', (_what, message) => {
    let sent: Buffer = Buffer.alloc(0);
    sendHostMessage(
      (type, flags, method, call, plugin, payload) => (sent = frame(type, { flags, method, call, plugin, payload })),
      0x0102_0304,
      message,
    );

    const answer = askTwin(`
from fidius_host.transport import conversation
data = bytes.fromhex("${sent.toString('hex')}")
size, kind, flags, method, call, number = protocol.HEADER.unpack_from(data)
assert conversation.is_host_message(kind) and size == len(data) - protocol.HEADER_BYTES
message = conversation.read_host_message(kind, flags, number, memoryview(data)[protocol.HEADER_BYTES:])
texts = {name: value.decode() if isinstance(value, bytes) else value for name, value in message.items()}
print(json.dumps([call, texts]))`);

    const decoded = Object.entries(message).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? new TextDecoder().decode(value) : value,
    ]);
    expect(answer).toEqual([0x0102_0304, Object.fromEntries(decoded)]);
  });

  it.each<[string, string, ServerMessage]>([
    ['items', 'items(9, 2, 3, b"items")', { kind: 'items', form: 2, count: 3, payload: bytes('items') }],
    ['a credit', 'credit(9, 4)', { kind: 'credit', items: 4 }],
    ['the end of a stream', 'end(9)', { kind: 'end' }],
    [
      'the call of a host function',
      'host_call(9, 5, 513, b"arguments")',
      { kind: 'hostCall', number: 5, function: 513, payload: bytes('arguments') },
    ],
    ['progress', 'progress(9, b"half")', { kind: 'progress', payload: bytes('half') }],
    ['the position of a load', 'load_position(9, b"line")', { kind: 'loadPosition', payload: bytes('line') }],
  ])('agree on %s from the server', (_what, source, expected) => {
    const hex = askTwin(
      `from fidius_host.transport import conversation\nprint(json.dumps(conversation.${source}.hex()))`,
    );
    const messages: unknown[] = [];
    const reader = new FrameReader((type, flags, method, call, value, payload) => {
      const message = readServerMessage(type, flags, method, value, payload);
      messages.push([
        isServerMessage(type),
        call,
        'payload' in message ? { ...message, payload: payload.slice() } : message,
      ]);
    });

    const sent = Buffer.from(hex as string, 'hex');
    sent.copy(reader.room());
    reader.take(sent.length);

    expect(messages).toEqual([[true, 9, expected]]);
  });

  it.each([
    ['an item with flags', 'ITEM, 1, 0, b""', '"item" has the flags 1'],
    ['a credit of nothing', 'CREDIT, 0, 0, b""', '"credit" grants no items'],
    ['a credit with a payload', 'CREDIT, 0, 1, b"xy"', '"credit" has 2 bytes of payload, expected none'],
    ['an end with a payload that is not an error', 'END, 0, 0, b"xyz"', '"end" has 3 bytes of payload, expected none'],
    ['a result by reference', 'HOST_RESULT, 4, 0, b""', '"hostResult" has the flags 4'],
  ])('reject %s', (_what, parts, reason) => {
    const answer = askTwin(`
from fidius_host.transport import conversation
try:
    conversation.read_host_message(protocol.${parts})
except protocol.ProtocolError as error:
    print(json.dumps(str(error)))`);

    expect(answer).toBe(`an invalid frame: ${reason}`);
  });

  it('number the methods of the server alike', () => {
    const names = 'from fidius_host.server.call_server import Server\nprint(json.dumps(Server.OWN_METHODS))';

    expect(askTwin(names)).toEqual(Object.keys(serverMethod).map((name) => upperCase(name).toLowerCase()));
  });
});

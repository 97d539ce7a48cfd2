import { FidiusError } from '../../errors/fidius-error.ts';
import { protocolVersion, protocolViolation } from '../../protocol/frames.ts';
import type { Exit, Transport } from './transport.ts';

/** The last frame of a server, as `call_server.py` sends it. */
export interface ServerFailure {
  readonly reason: string;
  /** Whether the host has sent an invalid or unexpected frame. */
  readonly protocolViolation: boolean;
  /** The version of the protocol that the server uses. */
  readonly version: number;
}

/** The error for a server that has reported that it cannot continue. */
export function serverFailed({ reason, protocolViolation: isViolation, version }: ServerFailure): FidiusError {
  if (version !== protocolVersion) return versionMismatch(version);
  if (isViolation) return protocolViolation(`The call server received ${reason}`);
  return new FidiusError('FIDIUS_EXECUTOR_FAILED', `The call server failed: ${reason}`, {
    hint: 'Open a new host, in a new process if the new host fails as well.',
  });
}

/** The error for a server of another version. @param version what the server uses. */
export function versionMismatch(version: number): FidiusError {
  return new FidiusError(
    'FIDIUS_EXECUTOR_FAILED',
    `The call server uses version ${version} of the protocol, expected version ${protocolVersion}`,
    { hint: 'Install the same version of fidius for the host and for the call server.' },
  );
}

/**
 * The error for a connection that has ended unexpectedly.
 *
 * @param exit how the server has ended; `undefined` if it did not end in time, or runs in this process.
 */
export function connectionLost(
  transport: Pick<Transport, 'facts' | 'stderrTail'>,
  exit: Exit | undefined,
  isReady: boolean,
  cause?: Error,
): FidiusError {
  if (exit === undefined) {
    return new FidiusError('FIDIUS_EXECUTOR_FAILED', 'The connection to the call server was lost', {
      cause,
      hint: 'Open a new host. If it happens again, load the plugins one by one to find the one that causes it.',
    });
  }
  const how = exit.signal === null ? `exited with code ${exit.code}` : `was terminated by ${exit.signal}`;
  const during = isReady ? '' : ' before it was ready';
  const { facts } = transport;
  const lines = transport.stderrTail();
  const output = lines === '' ? '' : `. The last lines of its stderr:\n${lines}`;
  return new FidiusError(
    'FIDIUS_EXECUTOR_FAILED',
    `The call server (process ${facts.process}, ${facts.executable}) ${how}${during}${output}`,
    { cause, hint: 'Read its last lines of stderr, and open a new host.' },
  );
}

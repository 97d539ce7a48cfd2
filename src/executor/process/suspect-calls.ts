import { createHash } from 'node:crypto';
import type { FidiusError } from '../../errors/fidius-error.ts';
import { ProcessError } from '../../errors/process-error.ts';
import type { CallGuard } from '../server/server-call.ts';
import type { RefusalPolicy } from './process-options.ts';

/** A call that was in flight when a process ended. */
interface Suspect {
  crashes: number;
  /** The last crash. All calls that were in flight at it have the same error. */
  crash: ProcessError;
  crashedAt: number;
}

/** A call with more bytes of arguments is not recognised, because a copy of them is kept while it is in flight. */
const maxKeptBytes = 64 * 1024;
const maxSuspects = 1024;

/**
 * The calls of one plugin that were in flight when a process ended, over all of its processes and their restarts.
 *
 * A call is its method and its encoded arguments. An answer ends the suspicion of a call.
 */
export class SuspectCalls implements CallGuard {
  readonly #policy: RefusalPolicy;
  readonly #now: () => number;
  /** By method and hash of the arguments, the ones that were suspected longest ago first. */
  readonly #suspects = new Map<string, Suspect>();

  /** @param now a clock in milliseconds. */
  constructor(policy: RefusalPolicy, now: () => number) {
    this.#policy = policy;
    this.#now = now;
  }

  keep(payload: Uint8Array): Uint8Array | undefined {
    if (payload.length > maxKeptBytes || this.#policy.afterCrashes === Number.POSITIVE_INFINITY) return undefined;
    // Not slice(): that of a Buffer does not copy.
    return new Uint8Array(payload);
  }

  refusal(method: number, payload: Uint8Array, title: string): FidiusError | undefined {
    if (this.#suspects.size === 0 || payload.length > maxKeptBytes) return undefined;
    const suspect = this.#suspects.get(keyOf(method, payload));
    const { afterCrashes, forMs } = this.#policy;
    if (suspect === undefined || suspect.crashes < afterCrashes) return undefined;
    if (this.#now() - suspect.crashedAt < forMs) return refused(title, suspect, forMs);
    // One more crash, and it is refused again.
    suspect.crashes = afterCrashes - 1;
    return undefined;
  }

  answered(method: number, payload: Uint8Array): void {
    if (this.#suspects.size > 0) this.#suspects.delete(keyOf(method, payload));
  }

  lost(method: number, payload: Uint8Array, error: FidiusError): void {
    // Not when the host has ended the process: then it has named the call that did not stop.
    if (!(error instanceof ProcessError) || error.code !== 'FIDIUS_PROCESS_EXITED') return;
    const key = keyOf(method, payload);
    const known = this.#suspects.get(key);
    if (known?.crash === error) return;
    this.#suspects.delete(key);
    this.#suspects.set(key, { crashes: (known?.crashes ?? 0) + 1, crash: error, crashedAt: this.#now() });
    if (this.#suspects.size <= maxSuspects) return;
    const [oldest] = this.#suspects.keys();
    this.#suspects.delete(oldest as string);
  }
}

function keyOf(method: number, payload: Uint8Array): string {
  return `${method} ${createHash('sha256').update(payload).digest('base64')}`;
}

function refused(title: string, { crashes, crash }: Suspect, forMs: number): ProcessError {
  return new ProcessError(
    'FIDIUS_PROCESS_POISONED',
    `Cannot call ${title} with these arguments: its process has ended ${crashes} times while this call was in flight`,
    crash.toData(false),
    {
      cause: crash,
      hint: `See \`cause\` for the last time. The call is accepted again ${forMs} ms after it. \`refuseAfterCrashes\` of \`process\` changes the number of times.`,
    },
  );
}

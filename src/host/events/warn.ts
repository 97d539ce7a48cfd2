import type { HostNotice } from './host-notice.ts';

/** Says as a warning of the process what the host has noticed. */
export function warn({ message, hint }: HostNotice): void {
  process.emitWarning(message, { type: 'FidiusWarning', detail: `hint: ${hint}` });
}

import type { Notice } from '../executor/notice.ts';

/** Says as a warning of the process, once for each, what plugins have changed for everybody. */
export function warn({ message, hint }: Notice): void {
  process.emitWarning(message, { type: 'FidiusWarning', detail: `hint: ${hint}` });
}

import { type StartOptions, startPython } from '../../cpython/lifecycle/start.ts';
import { ffi } from '../../ffi/native.ts';
import type { EmbeddedReport, InterpreterReport } from './interpreter-report.ts';

/**
 * Starts Python in this process and lets it report.
 *
 * For a process that may be lost: finding out that libraries do not get along can take the form of a crash.
 *
 * @throws what starting Python throws.
 */
export function readEmbeddedReport(options: StartOptions): EmbeddedReport {
  const report = startPython(options).invoke('doctor.report') as InterpreterReport;
  const [, minor = 0] = report.version.split('.').map(Number);
  return { ...report, stack: { bytes: ffi.stackBytes, protection: minor < 14 ? 'not needed' : 'set' } };
}

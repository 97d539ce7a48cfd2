import type { VendorProgress } from '../vendor-progress.ts';

/** Lines of pip about what it does. All others are kept for the message of a failure. */
const progressLine =
  /^(?:Looking in |Collecting |Processing |Obtaining |Building |Installing |Successfully |Requirement already |Ignoring |Preparing | {2,}\S)/;

/**
 * Reads the progress of pip from the lines that it prints.
 *
 * @returns a function that returns whether a line is about progress.
 */
export function readPipProgress(report: (progress: VendorProgress) => void): (line: string) => boolean {
  let done = 0;
  return (line) => {
    const [, names] = /^Installing collected packages: (.+)$/.exec(line) ?? [];
    if (/^(?:Collecting|Processing|Obtaining) /.test(line)) report({ phase: 'resolving', done: (done += 1) });
    else if (names !== undefined) report({ phase: 'installing', done: 0, total: names.split(', ').length });
    return progressLine.test(line);
  };
}

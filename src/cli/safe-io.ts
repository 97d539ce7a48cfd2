import { shown, shownLines } from '../errors/shown.ts';
import type { CommandIo } from './command.ts';
import { startOfLine } from './progress.ts';

/**
 * The same world, with text that a terminal cannot be moved by: whatever a command quotes from packages, paths and plugins.
 *
 * Bytes go through as they are, and so does the one sequence that the progress line needs. Line breaks within a quoted name
 * are the business of whoever writes lines.
 */
export function withSafeText(io: CommandIo): CommandIo {
  const { stdout, stderr } = io;
  return {
    ...io,
    stdout: { write: (data) => stdout.write(typeof data === 'string' ? shownLines(data) : data) },
    stderr: {
      write: (text) =>
        stderr.write(
          text.startsWith(startOfLine) ? startOfLine + shown(text.slice(startOfLine.length)) : shownLines(text),
        ),
    },
  };
}

import { tmpdir } from 'node:os';
import { runCli } from '../../src/cli/run-cli.ts';
import { rememberedIo, type World } from './remembered-io.ts';

export interface HereOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output byte for byte. */
  readonly bytes: Buffer;
}

/** Runs a command line in this process, as typed in a folder; in what it prints, that folder is `<here>`. */
export async function fidiusIn(folder: string, argv: readonly string[], world: World = {}): Promise<HereOutcome> {
  const io = rememberedIo({ ...world, cwd: folder });
  const exitCode = await runCli(argv, io);
  const { stdout, stderr } = io.output;
  return {
    exitCode,
    stdout: stdout.replaceAll(folder, '<here>'),
    stderr: stderr.replaceAll(folder, '<here>'),
    bytes: io.bytes(),
  };
}

/** The names of all commands, in the order of the help. */
export async function commandNames(): Promise<readonly string[]> {
  const { stdout } = await fidiusIn(tmpdir(), ['--help']);
  const rows = stdout.slice(stdout.indexOf('Commands:'), stdout.indexOf('Options:')).matchAll(/^ {2}(\w+(?: \w+)?) /gm);
  return [...rows].map(([, name = '']) => name);
}

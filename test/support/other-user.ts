import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/** A user without rights, for attacks from within the machine. Only root can become another user. */
export const otherUid = 65_534;

/** Why attacks by another user cannot be tried; nothing where they can. Belongs in the title of what is skipped. */
export const noOtherUser: string | undefined = findObstacle();

function findObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  const { status, error } = spawnSync(process.execPath, ['-e', ''], asOther());
  return status === 0 ? undefined : `another user cannot run ${process.execPath}: ${error?.message ?? status}`;
}

/** Runs JavaScript as the other user, and waits for its end. @throws Error when it fails. */
export function runAsOther(code: string, cwd: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', code], { ...asOther(), cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The other user failed: ${stderr}`);
  return stdout;
}

/** Starts JavaScript as the other user; it goes on until it is killed. Resolves when it has printed something. */
export async function startAsOther(code: string, cwd: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', code], { ...asOther(), cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('error', reject).once('exit', () => reject(new Error('The other user ended early')));
  });
  return child;
}

function asOther(): { readonly uid: number; readonly gid: number; readonly cwd: string } {
  return { uid: otherUid, gid: otherUid, cwd: '/' };
}

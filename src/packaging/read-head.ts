import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** The first bytes of a file, however long it is: memory stays bounded whatever is found there. */
export async function readHead(path: string, maxBytes: number): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const { size } = await handle.stat();
    const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(Math.min(size, maxBytes)) });
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

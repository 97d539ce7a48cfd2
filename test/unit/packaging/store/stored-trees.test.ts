import { expect, it } from 'vitest';
import { FolderContent } from '../../../../src/packaging/signing/explain-mismatch.ts';
import { StoredTrees } from '../../../../src/packaging/store/stored-trees.ts';
import { writeGreeter } from '../../../support/plugin-folders.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

it('a signal ends the check of what is stored, and the search for what was changed', async () => {
  const dir = tempFolder();
  const path = writeGreeter(dir, 'greeter');
  const signal = AbortSignal.abort('enough');

  await expect(new StoredTrees(dir).stateOf('greeter', Buffer.alloc(32), signal)).rejects.toBe('enough');
  await expect(new FolderContent(path, { signal }).computeFileDigests()).rejects.toBe('enough');
});

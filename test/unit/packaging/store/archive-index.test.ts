import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packPackage } from '../../../../src/packaging/archive/pack-package.ts';
import { ArchiveIndex } from '../../../../src/packaging/store/archive-index.ts';
import { packageOf } from '../../../support/packages.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

it('an archive has no key as long as it might change again unseen', async () => {
  const { archive } = await packPackage(packageOf(), { output: join(tempFolder(), 'demo.fid') });
  const memory = new ArchiveIndex(tempFolder());

  expect(memory.keyOfStatus(statSync(archive, { bigint: true }))).toBeUndefined();
  // A second clock cannot be used: the times of the file are the kernel's.
  await expect.poll(() => Date.now() - statSync(archive).ctimeMs, { timeout: 10_000 }).toBeGreaterThan(2000);
  expect(memory.keyOfStatus(statSync(archive, { bigint: true }))).toMatch(/^[0-9a-f]{64}$/);
});

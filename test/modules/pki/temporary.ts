/** A fixture: a fresh directory for each test, removed at its end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';

export const dirTest = test.extend<{ dir: string }>({
  // vitest finds the fixtures that one needs by this pattern; ours needs none.
  dir: async ({}, use) => {
    const dir = await mkdtemp(join(tmpdir(), 'runsheet-test-'));
    await use(dir);
    await rm(dir, { recursive: true, force: true });
  },
});

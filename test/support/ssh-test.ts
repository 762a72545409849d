/** A vitest fixture: `sshTest('...', async ({ server }) => ...)` gets a fresh in-process SSH server, closed at the end of the test. */
import { test } from 'vitest';
import { startSshServer, type SshServer } from './ssh-server';

export const sshTest = test.extend<{ server: SshServer }>({
  // vitest finds the fixtures that one needs by this pattern; ours needs none.
  // eslint-disable-next-line no-empty-pattern
  server: async ({}, use) => {
    await using server = await startSshServer();
    await use(server);
  },
});

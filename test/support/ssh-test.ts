/** A vitest fixture: `sshTest('...', async ({ server }) => ...)` gets a fresh in-process SSH server, closed at the end of the test. */
import { test } from 'vitest';
import { startSshServer, type SshServer } from './ssh-server';

export const sshTest = test.extend<{ server: SshServer }>({
  server: async ({}, use) => {
    await using server = await startSshServer();
    await use(server);
  },
});

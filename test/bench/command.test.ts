import { expect, test, vi } from 'vitest';
import { runIn } from '../../bench/command';

// nsenter needs root.
test.skipIf(process.getuid?.() !== 0)('peers find nothing in their environment that is not named', async () => {
  vi.stubEnv('NODE_EXTRA_CA_CERTS', '/etc/ssl/certs/ca-certificates.crt');
  const { stdout } = await runIn('/proc/self/ns/net', ['env'], { env: { SSH: 'ssh -F none' } });
  vi.unstubAllEnvs();
  expect(stdout.trim().split('\n').map(line => line.split('=')[0]).sort()).toEqual(['FORCE_COLOR', 'HOME', 'LC_ALL', 'NO_COLOR', 'PATH', 'SSH']);
});

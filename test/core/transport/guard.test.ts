import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Guard } from '../../../core/transport/guard';
import { defaultLimits } from '../../../core/transport/limits';
import { LocalWire } from '../../../core/transport/local';
import { openSession, type Session } from '../../../core/transport/session';
import { hostOf } from '../../support/ssh-server';
import { stateOf, uniqueSleep } from '../../support/transport';

test('a guard that ended while it had nothing to guard is replaced for what comes then', async () => {
  const host = hostOf('here', { type: 'local', address: 'here', port: 22 });
  const opened: Session[] = [];
  const open = async (script: string): Promise<Session> => {
    const session = await openSession({ host, wire: new LocalWire(host), sh: 'sh', timeoutMs: 10_000, script });
    opened.push(session);
    return session;
  };
  const guard = new Guard({ open, limits: defaultLimits });
  await guard.ready();
  process.kill(-(opened[0]?.pgid ?? 0), 'SIGKILL');
  await opened[0]?.channel.exit;
  // Whoever hears of the end as well has heard of it.
  await new Promise(resolve => setImmediate(resolve));
  const { pid = 0 } = spawn('sleep', [uniqueSleep()], { detached: true, stdio: 'ignore' });
  guard.add(pid);
  await guard.close();
  expect(stateOf(pid)).toMatch(/^(gone|Z)/);
  expect(opened).toHaveLength(2);
});

test('each question about the lock gets its own answer, also when nobody waits for the one before', async () => {
  const host = hostOf('here', { type: 'local', address: 'here', port: 22 });
  const lockDirectory = mkdtempSync(join(tmpdir(), 'runsheet-guard-'));
  const guard = new Guard({ open: script => openSession({ host, wire: new LocalWire(host), sh: 'sh', timeoutMs: 10_000, script }), limits: defaultLimits, lockDirectory });
  await guard.ready();
  const answers = [guard.ask('unlock'), guard.ask('lock 2026-11-26T00:00:00Z {"run":"r"'), guard.ask('unlock')];
  expect(await Promise.all(answers)).toEqual(['free', 'held', 'free']);
  await guard.close();
  rmSync(lockDirectory, { recursive: true });
});

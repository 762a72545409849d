import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { hostOf, killHost, runOnHost, setLink, spawnInLab, startHost } from '../../lab/lab';
import { uniqueSleep } from '../support/transport';
import { useLab } from './support/lab';
import type { Orders } from './support/transport-client';

const user = { name: 'ops', sudoPassword: 'a sudo "password" with $signs' };
const lab = useLab({ plain: 1 }, { user });
const root = join(__dirname, '../..');

let clients: ChildProcess[] = [];
/** A test that fails meanwhile must not take the others along. */
let isCut = false;
afterEach(async () => {
  for (const client of clients) client.kill('SIGKILL');
  clients = [];
  if (isCut) await setLink(lab(), 'p1', 'up');
  isCut = false;
});

interface Client {
  readonly process: ChildProcess;
  readonly seconds: string;
  /** Waits for an event and gives its text. */
  heard(event: string): Promise<string>;
}

/** A controller that holds the lock and has two commands running as root. */
function start(run: string): Client {
  const seconds = uniqueSleep();
  const { keyFile, knownHosts } = lab();
  const orders: Orders = { address: hostOf(lab(), 'p1').address, user: user.name, password: user.sudoPassword, privateKeyFile: keyFile, knownHosts, run, seconds };
  const script = join(__dirname, 'support/transport-client.ts');
  const child = spawnInLab(lab(), [process.execPath, '-r', join(root, 'bin/register.js'), script, JSON.stringify(orders)], { cwd: root });
  clients.push(child);
  const events: { event: string; text: string }[] = [];
  if (child.stdout !== null) createInterface(child.stdout).on('line', line => events.push(JSON.parse(line) as { event: string; text: string }));
  const heard = async (event: string): Promise<string> => {
    for (;;) {
      const failed = events.find(one => one.event === 'failed');
      if (failed !== undefined && event !== 'failed') throw new Error(failed.text);
      const found = events.findIndex(one => one.event === event);
      if (found >= 0) return events.splice(found, 1)[0]?.text ?? '';
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  };
  return { process: child, seconds, heard };
}

async function sleepers(seconds: string): Promise<number> {
  const { stdout } = await runOnHost(lab(), 'p1', `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -cx '${seconds}' || true`);
  return Number(stdout);
}

async function begun(client: Client): Promise<void> {
  await client.heard('running');
  while (await sleepers(client.seconds) < 6) await new Promise(resolve => setTimeout(resolve, 100));
}

async function gone(client: Client): Promise<void> {
  while (await sleepers(client.seconds) > 0) await new Promise(resolve => setTimeout(resolve, 200));
}

/** Another run gets the lock: whoever held it has let go. */
async function lockIsFree(): Promise<void> {
  const next = start('NEXT');
  await next.heard('locked');
  next.process.kill('SIGKILL');
  await gone(next);
}

test('a controller that is killed leaves no command and no lock', async () => {
  const client = start('KILLED');
  await begun(client);
  client.process.kill('SIGKILL');
  await gone(client);
  await lockIsFree();
});

test('a link that dies without a word: both sides notice, nothing runs on, the lock is free', async () => {
  const client = start('CUT');
  await begun(client);
  await setLink(lab(), 'p1', 'down');
  isCut = true;
  // Silence is noticed by keep-alive here and by guard and holder there, whichever comes first; what the host still says arrives.
  expect(await client.heard('ended')).toMatch(/outcome of ".*" is unknown: .*(Keepalive timeout|lock was lost)|was ended by SIGKILL/);
  await gone(client);
  await setLink(lab(), 'p1', 'up');
  isCut = false;
  await lockIsFree();
});

test('a frozen controller has its commands killed and its lock taken, and does not go on when it thaws', async () => {
  const client = start('FROZEN');
  await begun(client);
  client.process.kill('SIGSTOP');
  await gone(client);
  await lockIsFree();
  client.process.kill('SIGCONT');
  expect(await client.heard('stopped')).toMatch(/lock was lost|link dropped/);
});

test('a host that loses power is told as a dropped link', async () => {
  const client = start('POWER');
  await begun(client);
  await killHost(lab(), 'p1');
  expect(await client.heard('ended')).toMatch(/outcome of ".*" is unknown/);
  expect(await client.heard('stopped')).toContain('link dropped');
  await startHost(lab(), 'p1');
});

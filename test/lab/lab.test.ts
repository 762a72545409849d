import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { execInLab, hostRoot, isOn, killHost, labDown, labUp, listeningPorts, listLabs, loadLab, planHosts, runOnHost, setLink, startHost, type Lab } from '../../lab/lab';
import { testLabName, useLab } from './support/lab';
import { leftoversOf, routes } from './support/leftovers';

const REPOSITORY = join(__dirname, '../..');

function sshArgv(lab: Lab, user: string, address: string, command: string): string[] {
  return ['ssh', '-i', lab.keyFile, '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=3', '-o', `UserKnownHostsFile=${lab.knownHosts}`, `${user}@${address}`, command];
}

/** The lab's own command line, as a user starts it. */
function labCommand(args: readonly string[]): ReturnType<typeof spawn> {
  return spawn(process.execPath, ['-r', join(REPOSITORY, 'bin/register.js'), join(REPOSITORY, 'lab/cli.ts'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function outcome(child: ReturnType<typeof spawn>): Promise<{ code: number | null; output: string }> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  await once(child, 'close');
  return { code: child.exitCode, output };
}

describe('a lab of two plain hosts', () => {
  const up = useLab({ plain: 2 }, {
    hosts: planHosts({ plain: 2 }).map((host) => ({
      ...host,
      extraFiles: [
        { path: '/etc/lab-test/greeting', content: `hello ${host.name}\n`, mode: 0o640 },
        { path: '/etc/systemd/system/hello.service', content: '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/opt/node --version\n' },
        { path: '/etc/systemd/system/multi-user.target.wants/hello.service', link: '../hello.service' },
      ],
      binds: [{ source: process.execPath, target: '/opt/node' }, { source: join(REPOSITORY, 'package.json'), target: '/opt/package.json' }],
    })),
  });

  test('answers SSH with known host keys on every host', async () => {
    const lab = up();
    for (const host of lab.hosts) {
      const { stdout } = await execInLab(lab, sshArgv(lab, 'root', host.address, 'hostname; systemctl is-system-running --wait'));
      expect(stdout).toBe(`${host.name}\nrunning\n`);
    }
  });

  test('gives each host its own identity', async () => {
    const read = async (path: string): Promise<Set<string>> => new Set(await Promise.all(up().hosts.map(async (host) => (await runOnHost(up(), host.name, `cat ${path}`)).stdout)));
    for (const path of ['/etc/machine-id', '/etc/ssh/ssh_host_ed25519_key.pub', '/proc/sys/kernel/random/boot_id']) expect((await read(path)).size).toBe(2);
  });

  test('puts files, enabled units and read-only binds into a host before it boots', async () => {
    const { stdout } = await runOnHost(up(), 'p2', 'cat /etc/lab-test/greeting; stat -c %a /etc/lab-test/greeting; systemctl is-active hello.service; /opt/node --version');
    expect(stdout).toBe(`hello p2\n640\nactive\n${process.version}\n`);
    expect((await runOnHost(up(), 'p2', 'echo x >> /opt/package.json', { expect: 'any' })).stderr).toContain('Read-only file system');
  });

  test('shows what a host wrote from outside', async () => {
    await runOnHost(up(), 'p1', 'echo changed > /etc/written');
    expect(readFileSync(join(hostRoot(up(), 'p1'), 'etc/written'), 'utf8')).toBe('changed\n');
  });

  test('has no way out, and this machine has none in', async () => {
    const lab = up();
    expect((await runOnHost(lab, 'p1', 'ip route')).stdout).toBe('172.72.0.0/24 dev eth0 proto kernel scope link src 172.72.0.110 \n');
    expect((await execInLab(lab, ['ip', '-o', 'link'])).stdout).not.toContain('eth0');
    expect(routes()).toContain('unreachable 172.72.0.0/24');
  });

  test('lists what listens on a host', async () => {
    expect(await listeningPorts(up(), 'p1')).toContain(22);
  });

  test('switches a host off and on, its disk kept', async () => {
    const lab = up();
    await runOnHost(lab, 'p2', 'echo kept > /root/kept');
    await killHost(lab, 'p2');
    expect(await isOn(lab, 'p2')).toBe(false);
    await expect(runOnHost(lab, 'p2', 'true')).rejects.toThrow('Lab host p2 is off.');
    const answer = await execInLab(lab, sshArgv(lab, 'root', '172.72.0.111', 'true'), { expect: [255] });
    expect(answer.stderr).not.toContain('refused');
    await startHost(lab, 'p2');
    expect((await execInLab(lab, sshArgv(lab, 'root', '172.72.0.111', 'cat /root/kept'))).stdout).toBe('kept\n');
  });

  test('lets a host reboot itself', async () => {
    const lab = up();
    const bootId = async (): Promise<string> => (await runOnHost(lab, 'p2', 'cat /proc/sys/kernel/random/boot_id', { expect: 'any' }).catch(() => ({ stdout: '' }))).stdout;
    const before = await bootId();
    await runOnHost(lab, 'p2', 'systemctl reboot', { expect: 'any' });
    await expect.poll(bootId, { timeout: 30_000 }).toMatch(new RegExp(`^(?!${before})[0-9a-f-]{36}\n$`));
    await expect.poll(async () => (await execInLab(lab, sshArgv(lab, 'root', '172.72.0.111', 'hostname'), { expect: 'any' })).stdout, { timeout: 30_000 }).toBe('p2\n');
  });

  test('cuts a host off the network and joins it again', async () => {
    const lab = up();
    await setLink(lab, 'p1', 'down');
    const answer = await execInLab(lab, sshArgv(lab, 'root', '172.72.0.110', 'true'), { expect: 'any' });
    expect(answer.code).toBe(255);
    await setLink(lab, 'p1', 'up');
    await execInLab(lab, sshArgv(lab, 'root', '172.72.0.110', 'true'));
  });

  test('is found by its name and refuses a second one of that name', async () => {
    const lab = up();
    expect(await loadLab(lab.name)).toEqual(lab);
    await expect(labUp({ name: lab.name, hosts: planHosts({ plain: 1 }) })).rejects.toThrow(`A lab "${lab.name}" is already there.`);
    expect(await isOn(lab, 'p1')).toBe(true);
  });
});

describe('a user with sudo', () => {
  const up = useLab({ plain: 1 }, { user: { name: 'ops', sudoPassword: 'se cret' } });

  test('logs in, gives a password to sudo, and root may not log in', async () => {
    const lab = up();
    const sudo = await execInLab(lab, sshArgv(lab, 'ops', '172.72.0.110', `id -un; sudo -n true || echo 'se cret' | sudo -S -k -p '' id -un`));
    expect(sudo.stdout).toBe('ops\nroot\n');
    expect((await execInLab(lab, sshArgv(lab, 'root', '172.72.0.110', 'true'), { expect: 'any' })).stderr).toContain('Permission denied');
    expect(readFileSync(lab.becomePasswordFile ?? '', 'utf8')).toBe('se cret\n');
  });
});

describe('lab down', () => {
  const name = testLabName();
  afterEach(async () => { await labDown(name); });

  test('leaves no mount, namespace, process, control group or route, and may be said twice', async () => {
    const before = (await listLabs()).length === 0 ? routes() : undefined;
    const lab = await labUp({ name, hosts: planHosts({ plain: 2 }) });
    const client = spawn('nsenter', [`--net=/run/netns/${lab.netns}`, 'sleep', '600']);
    await labDown(name);
    expect(leftoversOf(name)).toEqual([]);
    expect(client.exitCode ?? client.signalCode ?? (await once(client, 'exit'))).not.toBe(0);
    if (before !== undefined && (await listLabs()).length === 0) expect(routes()).toBe(before);
    await labDown(name);
  });

  test.each([50, 400, 900, 1500])('cleans up after a start that was killed %i ms into it', async (delay) => {
    const child = labCommand(['up', '--plain', '3', '--name', name]);
    const ended = outcome(child);
    while (!existsSync(`/run/runsheet-lab/${name}`)) await sleep(5);
    await sleep(delay);
    child.kill('SIGKILL');
    await ended;
    expect((await outcome(labCommand(['down', '--name', name]))).code).toBe(0);
    expect(leftoversOf(name)).toEqual([]);
  });

  test('needs no help after Ctrl-C', async () => {
    const child = labCommand(['up', '--plain', '3', '--name', name]);
    const ended = outcome(child);
    while (!existsSync(`/run/runsheet-lab/${name}`)) await sleep(5);
    child.kill('SIGINT');
    const { code, output } = await ended;
    expect(output).toContain('was interrupted; nothing of it is left');
    expect(code).toBe(1);
    expect(leftoversOf(name)).toEqual([]);
  });
});

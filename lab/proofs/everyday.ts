/** Twelve everyday tasks with nothing to change, next to ten plain ssh commands side by side. */
import { once } from 'node:events';
import { join } from 'node:path';
import { labDown, labUp, planHosts, spawnInLab, type Lab } from '../lab';
import { runsheet } from '../scenario';
import { changesOf, failuresOf, parseEvents } from './events';
import { inFolder, type CaseContext, type CaseResult, type Proof } from './proof';

const HOSTS = 10;
const REPETITIONS = 7;
const PLAYBOOK = join(__dirname, '../everyday/everyday.ts');

export const everyday: Proof = {
  name: 'everyday',
  title: 'Twelve everyday tasks on ten hosts, nothing to change',
  about: `Ten plain hosts. \`lab/everyday/everyday.ts\` (two directories, a template, a file, a unit from a template, daemon-reload, a command with \`creates\`, a service, a line, a link, a look, a removal) runs
once; then it runs again, ${REPETITIONS} times, with nothing left to change, start of the process and check of the types included, in turn with \`ssh HOST true\` on all ten hosts side by side. Medians of the same minutes.`,
  cases: [{ name: `${HOSTS} hosts`, run: measured }],
};

async function measured({ lab: name, progress, signal }: CaseContext): Promise<CaseResult> {
  return inFolder(async cwd => {
    try {
      return await measure(await labUp({ name, hosts: planHosts({ plain: HOSTS }), progress, signal }), cwd);
    } finally {
      await labDown(name);
    }
  });
}

async function measure(lab: Lab, cwd: string): Promise<CaseResult> {
  const first = await timedRun(lab, cwd);
  const runs: TimedRun[] = [];
  const sshs: number[] = [];
  // A first one of each fills caches of the machine.
  await timedRun(lab, cwd);
  await sshEverywhere(lab);
  for (let i = 0; i < REPETITIONS; i += 1) {
    runs.push(await timedRun(lab, cwd));
    sshs.push(await sshEverywhere(lab));
  }
  const [seconds, ssh] = [median(runs.map(run => run.seconds)), median(sshs)];
  return {
    figures: {
      'first run, s': first.seconds.toFixed(2), 'changes in it': first.changes.length,
      'unchanged run, s': seconds.toFixed(2), fastest: Math.min(...runs.map(run => run.seconds)).toFixed(2), slowest: Math.max(...runs.map(run => run.seconds)).toFixed(2),
      'its tasks, s': median(runs.map(run => run.tasksSeconds)).toFixed(2), 'ten ssh true, s': ssh.toFixed(2), 'run / ssh': (seconds / ssh).toFixed(2),
    },
    problems: [...first.problems, ...runs.flatMap(run => [...run.problems, ...run.changes.map(change => `an unchanged run changed ${change}`)])],
  };
}

interface TimedRun { readonly seconds: number; readonly tasksSeconds: number; readonly changes: readonly string[]; readonly problems: readonly string[] }

async function timedRun(lab: Lab, cwd: string): Promise<TimedRun> {
  const started = performance.now();
  const { code, stdout, stderr } = await runsheet(lab, ['run', PLAYBOOK, '--json'], { cwd });
  const seconds = (performance.now() - started) / 1000;
  const events = parseEvents(stdout);
  const recap = events.find(event => event.type === 'recap');
  return { seconds, tasksSeconds: (recap?.ms ?? 0) / 1000, changes: changesOf(events), problems: code === 0 ? [] : [`exit ${code ?? 'by a signal'}`, ...failuresOf(events), stderr.trim()] };
}

/** Seconds that `ssh HOST true` takes on all hosts side by side. @throws when one fails */
async function sshEverywhere(lab: Lab): Promise<number> {
  const started = performance.now();
  await Promise.all(lab.hosts.map(async ({ address, name }) => {
    const child = spawnInLab(lab, ['ssh', '-F', 'none', '-i', lab.keyFile, '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${lab.knownHosts}`, `${lab.user.name}@${address}`, 'true'], { stdio: 'ignore' });
    await once(child, 'close');
    if (child.exitCode !== 0) throw new Error(`ssh ${name} true exited with ${child.exitCode ?? 'a signal'}`);
  }));
  return (performance.now() - started) / 1000;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

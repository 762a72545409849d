/** A lab for the tests of one file: up before the first, down after the last. */
import { afterAll, beforeAll } from 'vitest';
import { labDown, labUp, listLabs, planHosts, type HostCounts, type Lab, type LabOptions } from '../../../lab/lab';

// The root may have to be built first, on a slow mirror.
const UP_LIMIT_MS = 15 * 60_000;
const DOWN_LIMIT_MS = 60_000;

let made = 0;

/** A name for a lab that no other process has and that tells whose it is. */
export function testLabName(): string {
  made += 1;
  return `test-${process.pid}-${made}`;
}

/**
 * Boots a lab for this file's tests and takes it down after them. The function that is returned gives the lab, within tests and later hooks.
 * Labs that killed test runs left behind are taken down first.
 */
export function useLab(counts: HostCounts, options: Partial<LabOptions> = {}): () => Lab {
  const name = testLabName();
  let lab: Lab | undefined;
  beforeAll(async () => {
    await removeOrphans();
    lab = await labUp({ hosts: planHosts(counts), ...options, name });
  }, UP_LIMIT_MS);
  afterAll(async () => { await labDown(name); }, DOWN_LIMIT_MS);
  return () => {
    if (lab === undefined) throw new Error('The lab is not up: call this within a test.');
    return lab;
  };
}

/** Takes down the labs of test processes that are no more. */
export async function removeOrphans(): Promise<void> {
  for (const name of await listLabs()) {
    const owner = /^test-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) await labDown(name);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

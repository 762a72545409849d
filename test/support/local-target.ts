/** A target that is this machine, for tests of modules: the local transport as the engine hands it to a task. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished } from 'vitest';
import type { Host } from '../../core/inventory/host';
import { TaskTarget } from '../../core/run/target';
import { cmd, lines } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { createTransport } from '../../core/transport/open';

const stateDirectory = mkdtempSync(join(tmpdir(), 'runsheet-state-'));
const host: Host = { name: 'here', connection: { type: 'local', address: '127.0.0.1', port: 22, stateDirectory }, groups: [], vars: {} };
const runId = '20261122T101500Z-1a2b';
process.on('exit', () => rmSync(stateDirectory, { recursive: true, force: true }));

export interface LocalTarget extends Target {
  /** What was said beside the task. */
  readonly said: string[];
}

/**
 * This machine. Called at the top of a file it is closed after its tests, called in a test at the end of that one.
 * @param shell the command that starts the shell, `['busybox', 'sh']`
 */
export function localTarget(shell: readonly string[] = ['sh']): LocalTarget {
  const transport = createTransport({ hostKey: 'strict', connectTimeoutMs: 10_000, notice: () => undefined, runId, shell: shell.join(' ') });
  const { signal } = new AbortController();
  const said: string[] = [];
  let opened: Promise<Target> | undefined;
  const open = (): Promise<Target> => opened ??= transport.link(host, signal).then(link => link.as(undefined))
    .then(connection => new TaskTarget(connection, { runId, signal, deadline: Infinity, say: line => said.push(line), print: text => said.push(text) }));
  const inTest = expect.getState().currentTestName !== undefined;
  (inTest ? onTestFinished : afterAll)(() => transport.close());
  return {
    host, user: 'root', runId, signal, said,
    say: line => { said.push(line); },
    print: text => { said.push(text); },
    run: async (command, options) => (await open()).run(command, options),
    write: async (path, content, options) => (await open()).write(path, content, options),
    read: async path => (await open()).read(path),
    readSecret: async path => (await open()).readSecret(path),
    fetch: async (path, to) => (await open()).fetch(path, to),
    forward: async (address, port) => (await open()).forward(address, port),
  };
}

/** This machine under busybox with busybox's own tools, and no others. Called where `localTarget` may be. */
export function busyboxTarget(): LocalTarget {
  const folder = applets ??= installApplets();
  const inner = localTarget(['busybox', 'sh']);
  return { ...inner, run: (command, options) => inner.run(lines(cmd`PATH=${folder}`, command), options) };
}

let applets: string | undefined;

function installApplets(): string {
  const folder = mkdtempSync(join(tmpdir(), 'runsheet-applets-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  execFileSync('busybox', ['--install', '-s', folder]);
  return folder;
}

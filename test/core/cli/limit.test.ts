import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownMark } from '../../../core/cli/process-mark';
import { resolveLimit } from '../../../core/cli/limit';
import { messageOf } from '../../../core/errors';
import { readEntries } from '../../../core/inventory/define';
import { newDraft } from '../../../core/inventory/draft';
import type { Inventory } from '../../../core/inventory/host';
import { mergeDraft } from '../../../core/inventory/merge';

const before = process.cwd();
const dir = mkdtempSync(join(tmpdir(), 'runsheet-limit-'));

/** A run as its journal tells it. @param ends `web1=failed` */
function wrote(id: string, playbook: string, ends: readonly string[]): void {
  const own = join('.runsheet', 'runs', id);
  mkdirSync(own, { recursive: true });
  const args = { playbook, inventory: [], set: [], vars: [], tags: [], skipTags: [], check: playbook === 'check.ts', forks: 5, become: false, askBecomePassword: false, hostKey: 'strict', timeout: 1, lockWait: 1, ahead: true };
  writeFileSync(join(own, 'job.json'), JSON.stringify({ v: 1, run: id, at: '', name: 'x', cwd: dir, args, notKept: [], sources: {}, process: ownMark() }));
  const base = { v: 1, run: id, at: '' };
  const events = ends.map(text => text.split('=')).map(([host, status, tolerated]) => (
    { ...base, type: 'task', play: 'p', task: 'p/t', name: 't', host, module: null, status, changes: [], ms: 0, handler: false, ...(tolerated === undefined ? {} : { tolerated }) }));
  writeFileSync(join(own, 'events.jsonl'), [{ ...base, type: 'run', playbook, check: false, hosts: [], plays: [] }, ...events].map(event => `${JSON.stringify(event)}\n`).join(''));
}

beforeAll(() => {
  process.chdir(dir);
  wrote('20261122T101500Z-aaaa', 'site.ts', ['web1=failed', 'web2=unreachable', 'web3=ok', 'db1=failed=never mind', 'gone=failed']);
  wrote('20261122T101600Z-bbbb', 'other.ts', ['web3=failed', 'web3=ok', 'db1=failed']);
  wrote('20261122T101700Z-cccc', 'none.ts', ['web1=ok', 'gone=failed']);
  writeFileSync('hosts.txt', '# those of today\nweb1\n\n  db*  # and the data\n');
  writeFileSync('except.txt', 'web\n!web2\n');
  writeFileSync('wrong.txt', 'web1\nwbe2\n');
  writeFileSync('empty.txt', '# nobody\n');
  writeFileSync('failed', 'web3\n');
});
afterAll(() => {
  process.chdir(before);
  rmSync(dir, { recursive: true });
});

function inventory(...more: readonly string[]): Inventory {
  const draft = newDraft();
  readEntries(draft, { hosts: { web1: {}, web2: {}, web3: {}, db1: {} }, groups: { web: { hosts: ['web1', 'web2', 'web3'] }, ...Object.fromEntries(more.map(name => [name, { hosts: ['db1'] }])) } }, 'test');
  return mergeDraft(draft, ['test']);
}

function limit(text: string, known = inventory()): string | undefined {
  try {
    return resolveLimit(text, { inventory: known, playbook: join(dir, 'site.ts') });
  } catch (error) {
    return messageOf(error);
  }
}

describe('a limit', () => {
  test.each<[string, string]>([
    ['web:!web3', 'web:!web3'],
    ['@hosts.txt', 'web1,db1'],
    ['@except.txt', 'web1,web3'],
    ['@./failed', 'web3'],
    ['@failed', 'web1'],
    ['failed', 'web1'],
    ['@unreachable', 'web2'],
    ['unreachable', 'web2'],
    ['@failed,@unreachable', 'web1,web2'],
    ['@failed:@unreachable', 'web1,web2'],
    ['@failed:last', '--limit @failed:last: no host failed in run 20261122T101700Z-cccc; those of it (gone) are not in this inventory'],
    ['@failed:20261122T101600Z-bbbb', 'web3,db1'],
    ['failed:20261122T1016', 'web3,db1'],
    ['web:&@failed:20261122T1016', 'web3'],
    ['all:!@failed', 'web2,web3,db1'],
    ['!@hosts.txt', 'web2,web3'],
    ['@failed:db1', 'web1,db1'],
  ])('%s is %s', (text, hosts) => {
    expect(limit(text)).toBe(hosts);
  });

  test('of a group called failed means the group; @failed never does', () => {
    expect(limit('failed', inventory('failed'))).toBe('failed');
    expect(limit('@failed', inventory('failed'))).toBe('web1');
  });

  test.each<[string, string]>([
    ['@none.txt', '--limit @none.txt: there is no such file'],
    ['@empty.txt', '--limit @empty.txt: the file names no host'],
    ['@wrong.txt', 'wrong.txt:2: no host, group or address is called "wbe2"; did you mean "web2"?'],
    ['@unreachable:20261122T101600Z-bbbb', '--limit @unreachable:20261122T101600Z-bbbb: no host was unreachable in run 20261122T101600Z-bbbb'],
    ['@failed:20261122T101500Z-aaab', 'there is no run 20261122T101500Z-aaab; did you mean "20261122T101500Z-aaaa"?'],
    ['web2:&@failed', '--limit web2:&@failed leaves no host of the inventory'],
    ['faild', 'faild'],
  ])('%s is told: %s', (text, message) => {
    expect(limit(text)).toBe(message);
  });
});

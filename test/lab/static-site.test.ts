/** Variables of hosts on real hosts: each nginx serves what its host's variables say, and a value that cannot work stops the roll at the first host. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runOnHost } from '../../lab/lab';
import { playbookPath, runsheet, type RunsheetResult } from '../../lab/scenario';
import { useLab } from './support/lab';

const up = useLab({ plain: 2 });
const cwd = mkdtempSync(join(tmpdir(), 'runsheet-site-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const site = (...args: readonly string[]): Promise<RunsheetResult> => runsheet(up(), ['run', playbookPath('static-site'), '-i', 'web.ini', ...args], { cwd });
/** What a host answers to a name on a port: the page, or curl's exit code. */
const page = async (host: string, port: number): Promise<string> =>
  (await runOnHost(up(), host, `curl -fsS -H 'Host: www.example.com' http://127.0.0.1:${port}/ 2>/dev/null || echo "exit $?"`)).stdout.trim();

describe('static-site', () => {
  beforeAll(async () => {
    writeFileSync(join(cwd, 'web.ini'), '[web]\np1 http_port=8081 docroot=/srv/one\np2\n[web:vars]\nserver_names=www.example.com,example.com\nhttp_port=8090\n');
    await runOnHost(up(), 'p1', 'mkdir -p /srv/one; echo one >/srv/one/index.html');
    await runOnHost(up(), 'p2', 'mkdir -p /srv/www; echo two >/srv/www/index.html');
  });

  test('gives each host what its variables say, and the second run changes nothing', async () => {
    expect(await site()).toMatchObject({ code: 0, stderr: '' });
    expect([await page('p1', 8081), await page('p2', 8090), await page('p1', 8090)]).toEqual(['one', 'two', 'exit 7']);
    const second = await site();
    expect(second.stdout.match(/changed=0/g)).toHaveLength(2);
  });

  test('a value of the command line holds for all, and one that cannot work stops at the first host', async () => {
    const taken = await site('--set', 'http_port=22');
    expect(taken.code).toBe(2);
    expect(taken.stdout).toContain('not started on p2');
    expect([await page('p1', 8081), await page('p2', 8090)]).toEqual(['one', 'two']);
    expect(await site('--set', 'http_port=8085')).toMatchObject({ code: 0, stderr: '' });
    expect([await page('p1', 8085), await page('p2', 8085)]).toEqual(['one', 'two']);
  });

  test('a value that is none is told before a host is asked', async () => {
    expect(await site('--set', 'docroot=srv')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^p1, p2: the variable docroot = "srv" \(--set docroot\): .*\n$/) as string });
  });
});

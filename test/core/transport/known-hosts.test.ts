import { execFileSync, spawnSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { knownName, namesHost, parseKnownHosts } from '../../../core/transport/known-hosts';
import { newHostKey, publicLine } from '../../support/ssh-keys';

const KEY = publicLine(newHostKey('ed25519'));
const dir = mkdtempSync(join(tmpdir(), 'runsheet-known-hosts-'));
afterAll(() => rmSync(dir, { recursive: true }));

function hashed(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

const hasSshKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined;

test.each([
  ['web1', 'web1', 22, true],
  ['web1', 'web10', 22, false],
  ['web1', 'xweb1', 22, false],
  ['WEB1.Example.com', 'web1.example.COM', 22, true],
  ['web1', 'web1', 2222, false],
  ['[web1]:2222', 'web1', 2222, true],
  ['[web1]:2222', 'web1', 22, false],
  ['[web1]:2222', 'web1', 222, false],
  ['web1,10.0.0.1', '10.0.0.1', 22, true],
  ['web1,10.0.0.1', '10.0.0.10', 22, false],
  ['10.0.0.1', '110.0.0.1', 22, false],
  ['10.0.0.1', '10x0x0x1', 22, false],
  ['*.example.com', 'a.b.example.com', 22, true],
  ['*.example.com', 'example.com', 22, false],
  ['web?', 'web1', 22, true],
  ['web?', 'web12', 22, false],
  ['*.example.com,!bad.example.com', 'bad.example.com', 22, false],
  ['!bad.example.com,*.example.com', 'bad.example.com', 22, false],
  ['!bad.example.com,*.example.com', 'good.example.com', 22, true],
  ['!bad.example.com', 'good.example.com', 22, false],
  ['[*.example.com]:2222', 'a.example.com', 2222, true],
  ['*', 'anything', 22, true],
  ['*', 'anything', 2222, true],
  ['2001:db8::1', '2001:db8::1', 22, true],
  ['[2001:db8::1]:2222', '2001:db8::1', 2222, true],
  ['web[1-3]', 'web1', 22, false],
  ['web.', 'web1', 22, false],
  [hashed('web1'), 'web1', 22, true],
  [hashed('web1'), 'WEB1', 22, true],
  [hashed('web1'), 'web2', 22, false],
  [hashed('[web1]:2222'), 'web1', 2222, true],
  [hashed('[web1]:2222'), 'web1', 22, false],
  ['|2|abc|def', 'web1', 22, false],
  ['|1|abc', 'web1', 22, false],
])('%s for %s port %i: %s, as ssh-keygen says', (names, address, port, matches) => {
  const [entry] = parseKnownHosts(`${names} ${KEY}\n`, 'file');
  expect(entry !== undefined && namesHost(entry, knownName(address, port))).toBe(matches);
  if (!hasSshKeygen) return;
  const file = join(dir, 'known_hosts');
  writeFileSync(file, `${names} ${KEY}\n`);
  const found = spawnSync('ssh-keygen', ['-F', knownName(address, port), '-f', file], { encoding: 'utf8' });
  expect(found.stdout.includes('found')).toBe(matches);
});

test('reads markers, comments, blank lines and what is not for it as ssh does', () => {
  const text = [
    '# a comment', '', '   ', `web1 ${KEY} root@web1 and more`, `\tweb2 ${KEY}`, `@revoked * ${KEY}`, `@cert-authority *.x ${KEY}`, `@unheard-of web3 ${KEY}`,
    'web4 1024 35 1234567890', 'web5', 'web6 ssh-ed25519', 'web7 ssh-ed25519 not*base64', `web8 ${KEY}\r`,
  ].join('\n');
  expect(parseKnownHosts(text, 'f').map(({ names, marker, line }) => [names, marker, line])).toEqual([
    ['web1', undefined, 4], ['web2', undefined, 5], ['*', 'revoked', 6], ['*.x', 'cert-authority', 7], ['web8', undefined, 13],
  ]);
});

test.runIf(hasSshKeygen)('finds what ssh-keygen -H has hashed', () => {
  const file = join(dir, 'to_hash');
  writeFileSync(file, `web1 ${KEY}\n[web2]:2200 ${KEY}\n`);
  execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
  const entries = parseKnownHosts(execFileSync('cat', [file], { encoding: 'utf8' }), file);
  expect(entries.every(entry => entry.names.startsWith('|1|'))).toBe(true);
  expect(['web1', '[web2]:2200', 'web2'].map(name => entries.filter(entry => namesHost(entry, name)).length)).toEqual([1, 1, 0]);
});

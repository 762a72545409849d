import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Flags } from '../../lab/cluster/standin/flags';
import { parseObject, type Json, type JsonMap } from '../../lab/cluster/standin/objects';
import { applyPatch } from '../../lab/cluster/standin/patch';
import { discovery } from '../../lab/cluster/standin/resources';
import { matcher } from '../../lab/cluster/standin/selectors';
import { boundClaims, signToken, userOfToken } from '../../lab/cluster/standin/tokens';

describe('the stand-in\'s flags', () => {
  test('reads a flag as Go does: with =, as the next argument, and alone', () => {
    const flags = new Flags(['--etcd-servers=https://a:2379,https://b:2379', '--secure-port', '6443', '--leader-elect', '-v=2']);
    expect(flags.list('etcd-servers')).toEqual(['https://a:2379', 'https://b:2379']);
    expect(flags.text('secure-port', '')).toBe('6443');
    expect(flags.isTrue('leader-elect', false)).toBe(true);
    expect(flags.text('v', '')).toBe('2');
  });

  test.each([['0', 0], ['15s', 15_000], ['1m30s', 90_000], ['100ms', 100], ['1.5s', 1500]])('reads the duration %s as %d ms', (text, ms) => {
    expect(new Flags([`--d=${text}`]).milliseconds('d', '0')).toBe(ms);
  });

  test('refuses what it does not understand', () => {
    expect(() => new Flags(['serve'])).toThrow('unknown argument serve');
    expect(() => new Flags(['--d=15']).milliseconds('d', '0')).toThrow('15 is no duration');
    expect(() => new Flags(['--etcd-cafile=']).required('etcd-cafile')).toThrow('--etcd-cafile is required');
  });
});

describe('the stand-in\'s patches', () => {
  const containers: Json = [{ name: 'a', image: '1' }, { name: 'b', image: '1' }];
  test.each<[string, string, JsonMap, Json, Json]>([
    ['merges maps', 'application/merge-patch+json', { data: { x: '1', y: '2' } }, { data: { x: null, z: '3' } }, { data: { y: '2', z: '3' } }],
    ['replaces lists in a merge patch', 'application/merge-patch+json', { l: [1, 2] }, { l: [3] }, { l: [3] }],
    ['merges lists by name in a strategic patch', 'application/strategic-merge-patch+json', { containers }, { containers: [{ name: 'b', image: '2' }] }, { containers: [{ name: 'a', image: '1' }, { name: 'b', image: '2' }] }],
    ['deletes from a list in a strategic patch', 'application/strategic-merge-patch+json', { containers }, { containers: [{ name: 'a', $patch: 'delete' }] }, { containers: [{ name: 'b', image: '1' }] }],
    ['adds, replaces and removes in a JSON patch', 'application/json-patch+json', { a: { b: 1 }, l: [1] }, [{ op: 'replace', path: '/a/b', value: 2 }, { op: 'add', path: '/l/-', value: 2 }, { op: 'add', path: '/x~1y', value: 3 }], { a: { b: 2 }, l: [1, 2], 'x/y': 3 }],
  ])('%s', (_, type, target, patch, expected) => {
    expect(applyPatch(target, patch, type)).toEqual(expected);
  });

  test('refuses a JSON patch whose test fails, and another kind of patch', () => {
    expect(() => applyPatch({ a: 1 }, [{ op: 'test', path: '/a', value: 2 }], 'application/json-patch+json')).toThrow('the test of /a failed');
    expect(() => applyPatch({ a: 1 }, {}, 'application/apply-patch+yaml')).toThrow('does not know the patch type');
  });
});

describe('the stand-in\'s selectors', () => {
  const pod = parseObject({ metadata: { name: 'p', labels: { app: 'web', tier: 'front' } }, spec: { nodeName: 'n1' } });
  test.each([
    ['app=web', '', true],
    ['app==web,tier=front', '', true],
    ['app!=web', '', false],
    ['app in (db, web)', '', true],
    ['app notin (db,web)', '', false],
    ['missing notin (db)', '', true],
    ['app', '', true],
    ['!app', '', false],
    ['', 'metadata.name=p', true],
    ['', 'spec.nodeName!=n1', false],
    ['app=web', 'spec.nodeName=n2', false],
  ])('labels "%s" and fields "%s" match: %s', (labels, fields, expected) => {
    expect(matcher(labels, fields)(pod)).toBe(expected);
  });

  test('refuses a selector that it does not understand', () => {
    expect(() => matcher('app = = web', '')).toThrow('unable to parse');
  });
});

describe('the stand-in\'s tokens', () => {
  const claims = boundClaims({ namespace: 'ns', name: 'robot', uid: 'u1', issuer: 'https://issuer', seconds: 60 });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  test.each([['RSA', rsa], ['ECDSA', ec]])('are verified with the %s key that signed them, and with no other', (_, pair) => {
    const token = signToken(pair.privateKey, claims);
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    expect(userOfToken(token, [other, pair.publicKey])).toMatchObject({ name: 'system:serviceaccount:ns:robot', uid: 'u1' });
    expect(userOfToken(token, [other])).toBeUndefined();
    expect(userOfToken(`${token}x`, [pair.publicKey])).toBeUndefined();
  });

  test('expire', () => {
    expect(userOfToken(signToken(ec.privateKey, { ...claims, exp: 1 }), [ec.publicKey])).toBeUndefined();
  });
});

test('the stand-in\'s discovery names each group, its resources and their subresources', () => {
  expect(discovery('/apis')?.['groups']).toContainEqual(expect.objectContaining({ name: 'apps' }));
  expect(discovery('/apis/apps/v1')?.['resources']).toContainEqual(expect.objectContaining({ name: 'deployments/scale' }));
  expect(discovery('/api/v1')?.['resources']).toContainEqual(expect.objectContaining({ name: 'configmaps', namespaced: true, shortNames: ['cm'] }));
  expect(discovery('/apis/nothing')).toBeUndefined();
});

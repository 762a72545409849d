import { describe, expect, test } from 'vitest';
import { goDuration, missingUsages, readSigningProfile } from '../../../modules/pki/cfssl-config';
import { hostsIn, readRequest, withHosts } from '../../../modules/pki/cfssl-csr';
import { nameText } from '../../../modules/pki/names';
import { readKeyUsage, readPurposes, usagesOf, writeKeyUsage, writePurposes } from '../../../modules/pki/usages';

const HOUR = 3_600_000;

describe('goDuration', () => {
  test.each([['87600h', 87_600 * HOUR], ['1h30m', 1.5 * HOUR], ['1.5h', 1.5 * HOUR], ['876000h0m0s', 876_000 * HOUR], ['90s', 90_000], ['5ms', 5]])('%s', (text, ms) => {
    expect(goDuration(text, 'f')).toBe(ms);
  });

  test.each(['', '10', '1d', 'h', '-1h', '1h 30m'])('refuses "%s"', text => {
    expect(() => goDuration(text, 'ca-config.json')).toThrow(/"?" in ca-config\.json is no duration/);
  });
});

describe('readSigningProfile', () => {
  const config = (signing: unknown) => JSON.stringify({ signing });
  const profiles = {
    default: { expiry: '24h', backdate: '10m' },
    profiles: { kubernetes: { usages: ['signing', 'key encipherment', 'server auth', 'client auth'], expiry: '87600h' }, short: { usages: ['client auth'] }, ca: { ca_constraint: { is_ca: true }, usages: ['cert sign'] } },
  };

  test('reads a profile as cfssl does', () => {
    expect(readSigningProfile(config(profiles), 'f', 'kubernetes')).toEqual({
      name: 'kubernetes', keyUsage: ['digitalSignature', 'keyEncipherment'], extendedKeyUsage: ['serverAuth', 'clientAuth'], expiryMs: 87_600 * HOUR, backdateMs: 600_000,
    });
    expect(readSigningProfile(config(profiles), 'f', 'short')).toMatchObject({ expiryMs: 24 * HOUR, extendedKeyUsage: ['clientAuth'] });
  });

  test('says where a profile names no usages', () => {
    expect(missingUsages(readSigningProfile(config(profiles), 'f'))).toMatch(/default profile names no usages/);
    expect(missingUsages(undefined)).toMatch(/names no configuration/);
    expect(missingUsages(readSigningProfile(config(profiles), 'f', 'short'))).toBeUndefined();
  });

  test.each([
    ['{', undefined, /f is no JSON/],
    ['{}', undefined, /f is no cfssl configuration/],
    [config(profiles), 'etcd', /f has no profile "etcd", only kubernetes, short, ca/],
    [config(profiles), 'ca', /profile "ca" of f is for CAs/],
    [config({ profiles: { x: { usages: ['fly'] } } }), 'x', /unknown usage "fly"/],
    [config({ profiles: { x: { expiry: 'soon' } } }), 'x', /"soon" in f is no duration/],
  ])('refuses %s, profile %s', (text, profile, reason) => {
    expect(() => readSigningProfile(text, 'f', profile)).toThrow(reason);
  });
});

describe('usages', () => {
  test.each([
    [['digital signature']], [['cert sign', 'crl sign']], [['decipher only', 'signing']], [['encipher only']], [['any', 'server auth', 'client auth', 's/mime', 'ocsp signing', 'netscape sgc']],
  ])('are written and read back: %s', words => {
    const { keyUsage, extendedKeyUsage } = usagesOf(words);
    if (keyUsage.length > 0) expect(readKeyUsage(writeKeyUsage(keyUsage))).toEqual(keyUsage);
    expect(readPurposes(writePurposes(extendedKeyUsage))).toEqual(extendedKeyUsage);
  });
});

describe('readRequest', () => {
  test('orders a subject as cfssl does, and sorts hosts by their kind', () => {
    const text = JSON.stringify({
      CN: 'etcd', hosts: ['127.0.0.1', 'fd00:0:0::1', 'a.example', 'https://a/b', 'x@y.z'], key: { algo: 'rsa', size: 2048 },
      names: [{ OU: 'System', O: 'k8s', C: 'CN' }, { O: 'two', L: 'ShangHai', ST: 'ShangHai' }],
    });
    const request = readRequest(text, 'f');
    expect(nameText(request.subject)).toBe('CN=etcd,OU=System,O=k8s+O=two,L=ShangHai,ST=ShangHai,C=CN');
    expect(request.names.map(({ type, value }) => `${type}:${value}`)).toEqual(['ip:127.0.0.1', 'ip:fd00::1', 'dns:a.example', 'uri:https://a/b', 'email:x@y.z']);
    expect(request.key).toEqual({ type: 'rsa', size: 2048 });
  });

  test('takes what may be left out', () => {
    expect(readRequest('{"CN":"x","hosts":null,"names":null}', 'f')).toEqual({ subject: [[{ type: 'CN', value: 'x' }]], names: [], key: { type: 'ec', size: 256 } });
  });

  test.each(['[]', '{"hosts":"a"}', '{"key":{"algo":"dsa","size":1}}', 'no'])('refuses %s', text => {
    expect(() => readRequest(text, 'etcd-csr.json')).toThrow(/^etcd-csr\.json is no /);
  });
});

describe('withHosts', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['one line', '{"CN":"x","hosts":["a","b"],"key":{}}', '{"CN":"x","hosts":["c","d"],"key":{}}'],
    ['one line with blanks', '{ "hosts": ["a", "b"] }', '{ "hosts": ["c", "d"] }'],
    ['a host a line', '{\n\t"hosts" : [\n\t\t"a",\n\t\t"b"\n\t],\n\t"z": 1\n}\n', '{\n\t"hosts" : [\n\t\t"c",\n\t\t"d"\n\t],\n\t"z": 1\n}\n'],
    ['CRLF', '{\r\n  "hosts": [\r\n    "a"\r\n  ]\r\n}', '{\r\n  "hosts": [\r\n    "c",\r\n    "d"\r\n  ]\r\n}'],
    ['an empty list', '{"hosts": [], "k": "hosts"}', '{"hosts": ["c", "d"], "k": "hosts"}'],
    ['null', '{"hosts":null}', '{"hosts":["c", "d"]}'],
    ['no list', '{\n  "CN": "x"\n}', '{\n  "hosts": ["c","d"],\n  "CN": "x"\n}'],
    ['an empty object', '{}', '{"hosts": ["c","d"]}'],
    ['lists of the same name elsewhere', '{"names":[{"hosts":["n"]}],"CN":"hosts","x":"a\\"hosts\\":[1]","hosts":["a","b"]}', '{"names":[{"hosts":["n"]}],"CN":"hosts","x":"a\\"hosts\\":[1]","hosts":["c","d"]}'],
  ];
  test.each(cases)('changes nothing else: %s', (_title, before, after) => {
    expect(withHosts(before, ['c', 'd'], 'f')).toBe(after);
    expect(hostsIn(after, 'f').map(({ value }) => value)).toEqual(['c', 'd']);
  });

  test('leaves a list that is right as it is', () => {
    const text = '{"hosts": [\n  "a",\n  "b"\n]}';
    expect(withHosts(text, ['a', 'b'], 'f')).toBe(text);
  });

  test('can empty a list', () => {
    expect(JSON.parse(withHosts('{"hosts": [\n  "a"\n]}', [], 'f'))).toEqual({ hosts: [] });
  });

  test('refuses what is no object', () => {
    expect(() => withHosts('[1]', [], 'f')).toThrow('f is no cfssl request');
  });
});

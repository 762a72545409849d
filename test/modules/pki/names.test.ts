import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childrenOf, readDer, readOid, writeDer, writeOid } from '../../../modules/pki/der';
import { alternativeName, isSameName, nameText, readAlternativeNames, readName, sameNames, writeAlternativeNames, writeName } from '../../../modules/pki/names';

describe('DER', () => {
  test('any nested elements are written and read back', () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map(octets => Buffer.from(octets));
    fc.assert(fc.property(fc.array(bytes, { maxLength: 6 }), contents => {
      const outer = writeDer(0x30, ...contents.map(content => writeDer(0x04, content)));
      expect(childrenOf(readDer(outer)).map(({ content }) => content)).toEqual(contents);
    }));
  });

  test.each(['2.5.29.17', '1.2.840.113549.1.9.1', '2.16.840.1.113730.4.1', '0.9.2342.19200300.100.1.25', '2.999.1'])('OID %s', oid => {
    expect(readOid(readDer(writeOid(oid)).content)).toBe(oid);
  });

  test.each(['', '30', '3005', '3080', '1f0101', '3085ffffffffff'])('refuses %s', hex => {
    expect(() => readDer(Buffer.from(hex, 'hex'))).toThrow(RangeError);
  });
});

describe('names', () => {
  test('a subject is written and read back, and printed as RFC 2253 does', () => {
    const subject = [[{ type: 'C', value: 'CN' }], [{ type: 'O', value: 'Zürich, "x" + y' }], [{ type: '1.2.3.4', value: ' #;<>' }], [{ type: 'CN', value: '#a\\ ' }]];
    expect(readName(writeName(subject))).toEqual(subject);
    expect(nameText(subject)).toBe(String.raw`CN=\#a\\\ ,1.2.3.4=\ #\;\<\>,O=Zürich\, \"x\" \+ y,C=CN`);
  });

  test.each([
    ['10.0.0.1', 'ip', '10.0.0.1'], ['FD00:0:0:0:0:0:0:1', 'ip', 'fd00::1'], ['::', 'ip', '::'], ['::ffff:10.0.0.1', 'ip', '::ffff:a00:1'], ['1:2:3:4:5:6:7:8', 'ip', '1:2:3:4:5:6:7:8'],
    ['IP:10.0.0.1', 'ip', '10.0.0.1'], ['Kubernetes.Default', 'dns', 'Kubernetes.Default'], ['DNS:10.example', 'dns', '10.example'], ['spiffe://a/b', 'uri', 'spiffe://a/b'], ['a@b.c', 'email', 'a@b.c'],
  ])('%s is %s %s, also when read back', (text, type, value) => {
    const name = alternativeName(text);
    expect(name).toEqual({ type, value });
    expect(readAlternativeNames(writeAlternativeNames([name]))).toEqual([name]);
  });

  test.each([
    ['10.0.0.1', '110.0.0.1', false], ['10.0.0.1', '10.0.0.10', false], ['fd00::1', 'FD00:0::1', true], ['a.b', 'A.B', true], ['a.b', 'x.a.b', false], ['10.0.0.1', 'DNS:10.0.0.1', true],
  ])('%s and %s: same is %s', (a, b, same) => {
    expect(isSameName(alternativeName(a), alternativeName(b))).toBe(same);
  });

  test('lists are compared without their order', () => {
    const names = (...texts: string[]) => texts.map(alternativeName);
    expect(sameNames(names('a', 'b', 'A'), names('B', 'a'))).toBe(true);
    expect(sameNames(names('a', 'b'), names('a'))).toBe(false);
  });
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { Secret } from '../../../core/secret';
import { writeDer, writeOid } from '../../../modules/pki/der';
import { certificateFacts, rawSubject } from '../../../modules/pki/facts';
import { alternativeName } from '../../../modules/pki/names';
import { certificatesIn } from '../../../modules/pki/pem';
import { newKeyPair, signLeaf } from '../../../modules/pki/sign';
import { turnsDuring } from '../../support/loop';
import { makeCa, openssl, opensslVerify, textOf, type Kind } from './openssl';
import { dirTest } from './temporary';

/** A part of a subject in a string type that nobody writes any more, but old CAs did. */
function part(oid: string, tag: number, value: Buffer): Buffer {
  return writeDer(0x31, writeDer(0x30, writeOid(oid), writeDer(tag, value)));
}

describe('signLeaf', () => {
  dirTest.for<readonly [Kind, 'rsa' | 'ec']>([['rsa', 'rsa'], ['p256', 'ec'], ['rsa', 'ec'], ['p384', 'rsa']])('repeats subjects of all string types to the byte (%s CA, %s leaf)', async ([caKind, type], { dir }) => {
    const ca = await makeCa(dir, { kind: caKind });
    const [der] = certificatesIn(Buffer.from(await textOf(ca.cert)));
    const { publicKey } = await newKeyPair(type, type === 'rsa' ? 2048 : 256);
    const subject = writeDer(0x30,
      part('2.5.4.6', 0x13, Buffer.from('CN')), part('2.5.4.10', 0x14, Buffer.from([0x5a, 0xfc])), part('2.5.4.11', 0x1e, Buffer.from([0x00, 0x41, 0x4e, 0x2d])),
      part('2.5.4.7', 0x1c, Buffer.from([0, 0, 0, 0x42])), part('2.5.4.3', 0x0c, Buffer.from('Zürich')), part('1.2.3.4', 0x16, Buffer.from('ia5')));
    const leaf = await signLeaf(
      { subject, publicKey, names: [alternativeName('10.0.0.1'), alternativeName('a.b')], extensions: [], expiryMs: 3_600_000, backdateMs: 300_000 },
      { certificate: certificateFacts(der ?? Buffer.alloc(0)), key: new Secret(await textOf(ca.key)) },
    );
    expect(rawSubject(leaf)).toEqual(subject);
    expect(leaf.subject.text).toBe('1.2.3.4=ia5,CN=Zürich,L=B,OU=A中,O=Zü,C=CN');
    await writeFile(join(dir, 'leaf.pem'), leaf.pem);
    expect(await opensslVerify(ca.cert, join(dir, 'leaf.pem'))).toBe('OK');
  });

  dirTest('refuses a CA whose key it cannot use', async ({ dir }) => {
    const ca = await makeCa(dir, { kind: 'p256' });
    const [der] = certificatesIn(Buffer.from(await textOf(ca.cert)));
    const { publicKey } = await newKeyPair('ec', 384);
    const { privateKey } = await newKeyPair('ec', 256);
    const wish = { subject: writeDer(0x30), publicKey, names: [alternativeName('a.b')], extensions: [], expiryMs: 3_600_000, backdateMs: 0 };
    // Another key than the certificate's: the proof finds it.
    await expect(signLeaf(wish, { certificate: certificateFacts(der ?? Buffer.alloc(0)), key: privateKey })).rejects.toThrow(/is not right: it does not verify against its CA/);
  });

  dirTest('lets the event loop go on while a key of 4096 bits is made and signs', async ({ dir }) => {
    const [cert, keyPath] = [join(dir, 'ca.pem'), join(dir, 'ca-key.pem')];
    const { value: { privateKey }, turns } = await turnsDuring(() => newKeyPair('rsa', 4096));
    expect(turns).toBeGreaterThan(0);
    expect(privateKey.reveal()).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n[^\r]+\n-----END RSA PRIVATE KEY-----\n$/);
    await writeFile(keyPath, privateKey.reveal(), { mode: 0o600 });
    await openssl('req', '-x509', '-new', '-key', keyPath, '-subj', '/CN=ca', '-days', '10', '-out', cert);
    const [der] = certificatesIn(Buffer.from(await textOf(cert)));
    const authority = { certificate: certificateFacts(der ?? Buffer.alloc(0)), key: privateKey };
    for (const [type, bits] of [['rsa', 2048], ['ec', 256]] as const) {
      const { publicKey } = await newKeyPair(type, bits);
      const wish = { subject: rawSubject(authority.certificate), publicKey, names: [alternativeName('a.b')], extensions: [], expiryMs: 3_600_000, backdateMs: 0 };
      // The first one loads what writes certificates. Several: the thread may be faster than the loop once.
      const leaf = await signLeaf(wish, authority);
      expect((await turnsDuring(async () => { for (let i = 0; i < 5; i += 1) await signLeaf(wish, authority); })).turns).toBeGreaterThan(0);
      await writeFile(join(dir, 'leaf.pem'), leaf.pem);
      expect(await opensslVerify(cert, join(dir, 'leaf.pem'))).toBe('OK');
    }
  });
});

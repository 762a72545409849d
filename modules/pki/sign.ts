/** Signs leaf certificates and proves each before anybody sees it. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { CheckError } from '../../core/errors';
import { Secret } from '../../core/secret';
import { certificateFacts, rawSubject, type CertificateFacts } from './facts';
import { isSameName, readAlternativeNames, sameNames, writeAlternativeNames } from './names';
import { planLeaf, type CertificatePlan, type LeafWish } from './plan';
import { newEcKey, signEc } from './sign-ec';
import { newRsaKey, signRsa } from './sign-rsa';
import { isIssuedBy, timeProblems } from './verify';

/** A CA that can sign. */
export interface Signer {
  readonly certificate: CertificateFacts;
  readonly key: Secret;
}

/** A new key pair: the public half as DER, the private one as a secret PEM text. */
export interface KeyPair {
  readonly publicKey: Buffer;
  readonly privateKey: Secret;
}

/**
 * Signs a leaf and proves it: chain, subject to the byte, names, usages, key, dates.
 * RSA is made by node-forge, whatever has an ECDSA key in it by @peculiar/x509.
 * @throws CheckError when the new certificate is not what was wished for; RangeError for a key that cannot be used
 */
export async function signLeaf(wish: LeafWish, signer: Signer): Promise<CertificateFacts> {
  const { certificate: authority, key } = signer;
  const plan = planLeaf(wish, authority, new Date());
  const leafType = createPublicKey({ key: wish.publicKey, format: 'der', type: 'spki' }).asymmetricKeyType;
  const sign = leafType === 'rsa' && authority.key.type === 'rsa' ? signRsa : signEc;
  const leaf = certificateFacts(await sign(plan, rawSubject(authority), key.reveal()));
  const problems = problemsOf(leaf, { plan, wish, authority });
  if (problems.length > 0) throw new CheckError(`the new certificate for ${leaf.subject.text} is not right: ${problems.join('; ')}`, 'Nothing was changed.');
  return leaf;
}

/** Makes a key in memory. @param bits of an RSA modulus (2048 to 8192) or of a curve (256, 384) @throws RangeError for other sizes */
export async function newKeyPair(type: 'rsa' | 'ec', bits: number): Promise<KeyPair> {
  if (type === 'rsa' && (bits < 2048 || bits > 8192)) throw new RangeError(`no RSA keys of ${bits} bits are made here, only 2048 to 8192`);
  const privateKey = new Secret(await (type === 'rsa' ? newRsaKey(bits) : newEcKey(bits)));
  return { publicKey: createPublicKey(privateKey.reveal()).export({ type: 'spki', format: 'der' }), privateKey };
}

interface Wanted {
  readonly plan: CertificatePlan;
  readonly wish: LeafWish;
  readonly authority: CertificateFacts;
}

function problemsOf(leaf: CertificateFacts, { plan, wish, authority }: Wanted): string[] {
  const sameExtensions = plan.extensions.every(({ oid, critical, value }) => leaf.extensions.some(one => one.oid === oid && one.critical === critical && one.value === value));
  // What was meant and what another parser reads must be the same names.
  const names = wish.names.length === 0 ? [] : readAlternativeNames(writeAlternativeNames(wish.names));
  const checks: readonly (readonly [boolean, string])[] = [
    [isIssuedBy(new X509Certificate(leaf.pem), new X509Certificate(authority.pem)), 'it does not verify against its CA'],
    [rawSubject(leaf).equals(wish.subject), 'its subject is not the wanted one to the byte'],
    [leaf.publicKey === wish.publicKey.toString('base64'), 'it holds another public key'],
    [sameNames(leaf.names, names) && wish.names.every(name => leaf.names.some(one => isSameName(one, name))), 'its names are not the wanted ones'],
    [sameExtensions && leaf.extensions.length === plan.extensions.length, 'its extensions are not the wanted ones'],
    [leaf.subjectKeyId !== undefined && leaf.authorityKeyId !== undefined, 'it lacks a key id'],
    [!leaf.isCA, 'it is a CA'],
    [leaf.serial === plan.serial, 'its serial is not the wanted one'],
    [leaf.notAfter <= authority.notAfter, 'it outlives its CA'],
    [timeProblems(leaf, new Date()).length === 0, 'it is not valid now'],
  ];
  return checks.filter(([holds]) => !holds).map(([, problem]) => problem);
}

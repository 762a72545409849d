/** A CA's certificate, key and signing profile: named by their files on this host, or read on another one and handed on. */
import { createPrivateKey } from 'node:crypto';
import { CheckError, messageOf, RefusedError } from '../../core/errors';
import { live, query } from '../../core/module';
import type { Target } from '../../core/transport/connection';
import { absoluteOnly } from './certificate';
import { readSigningProfile, type SigningProfile } from './cfssl-config';
import { certificateFacts, keyFacts, type CertificateFacts } from './facts';
import { readPublic } from './host-files';
import { certificatesIn } from './pem';
import type { Signer } from './sign';
import { timeProblems } from './verify';

/** Where a CA lies, absolute paths. */
export interface AuthorityPaths {
  /** Its certificate; in a bundle, the one that fits the key. */
  readonly cert: string;
  readonly key: string;
  /** cfssl's `ca-config.json`, for expiry and usages. */
  readonly config?: string;
  /** Profile in it; the default one unless said. */
  readonly profile?: string;
}

/** A CA that can sign, wherever it was read. It holds a secret: it is never written down. */
export interface Authority extends Signer {
  readonly kind: 'authority';
  /** `m1:/etc/kubernetes/ssl/ca.pem`, for messages. */
  readonly origin: string;
  readonly profile?: SigningProfile;
}

/** A CA, as modules that sign take it: paths on the task's own host, or the value of a `pki.authority` task, from whatever host. */
export type AuthoritySource = AuthorityPaths | Authority;

/**
 * Reads a CA: its key, as a secret, goes from its host into the controller's memory and nowhere else. Checked: the key fits the certificate,
 * which is a CA that may sign and is valid now.
 */
export const authority = query<AuthorityPaths, Authority>({
  name: 'pki.authority',
  subject: ({ cert }) => cert,
  validate: ({ cert, key, config }) => absoluteOnly([cert, key, config]),
  inspect: paths => live(on => openAuthority(on, paths)),
});

/** What of a CA is no secret: all its certificates (of a bundle), and the profile. */
export interface AuthorityFacts {
  readonly origin: string;
  readonly certificates: readonly CertificateFacts[];
  readonly profile: SigningProfile | undefined;
}

/** Reads what is no secret. @throws CheckError naming the file */
export async function seeAuthority(on: Target, source: AuthoritySource): Promise<AuthorityFacts> {
  if (isAuthority(source)) return { origin: source.origin, certificates: [source.certificate], profile: source.profile };
  const [certificates, profile] = await Promise.all([readCertificates(on, source.cert), readProfile(on, source)]);
  return { origin: `${on.host.name}:${source.cert}`, certificates, profile };
}

/** Reads the key too. @throws CheckError naming the file; RefusedError when the CA must not sign */
export async function openAuthority(on: Target, source: AuthoritySource): Promise<Authority> {
  if (isAuthority(source)) return source;
  const { origin, certificates, profile } = await seeAuthority(on, source);
  const key = await on.readSecret(source.key);
  const hash = publicHash(key.reveal(), `${on.host.name}:${source.key}`);
  const certificate = certificates.find(one => one.key.sha256 === hash);
  if (certificate === undefined) throw new CheckError(`${on.host.name}: ${source.key} is not the key of ${source.cert}`);
  const problems = authorityProblems(certificate, new Date());
  if (problems.length > 0) throw new RefusedError(`the CA ${origin} cannot sign: it ${problems.join(', and it ')}`);
  return { kind: 'authority', origin, certificate, key, ...(profile === undefined ? {} : { profile }) };
}

/** Why a certificate cannot sign others now; each a sentence's end. */
export function authorityProblems(certificate: CertificateFacts, at: Date): string[] {
  const usage = certificate.keyUsage;
  return [
    ...(certificate.isCA ? [] : ['is no CA']),
    ...(usage.length === 0 || usage.includes('keyCertSign') ? [] : ['may not sign certificates (key usage)']),
    ...timeProblems(certificate, at),
  ];
}

/** Paths of a source that are not absolute, as problems. */
export function authorityPathProblems(source: AuthoritySource): string[] {
  return isAuthority(source) ? [] : absoluteOnly([source.cert, source.key, source.config]);
}

function isAuthority(source: AuthoritySource): source is Authority {
  return 'kind' in source;
}

async function readCertificates(on: Target, path: string): Promise<CertificateFacts[]> {
  const file = await readPublic(on, path);
  if (file === undefined) throw new CheckError(`${on.host.name}: there is no CA certificate ${path}`);
  try {
    return certificatesIn(file.content).map(certificateFacts);
  } catch (error) {
    throw new CheckError(`${on.host.name}: ${path}: ${messageOf(error)}`);
  }
}

async function readProfile(on: Target, { config, profile }: AuthorityPaths): Promise<SigningProfile | undefined> {
  if (config === undefined) return undefined;
  const file = await readPublic(on, config);
  if (file === undefined) throw new CheckError(`${on.host.name}: there is no signing configuration ${config}`);
  try {
    return readSigningProfile(file.content.toString('utf8'), config, profile);
  } catch (error) {
    throw new CheckError(`${on.host.name}: ${messageOf(error)}`);
  }
}

function publicHash(pem: string, origin: string): string {
  try {
    return keyFacts(createPrivateKey(pem)).sha256;
  } catch {
    // OpenSSL's message could quote the key.
    throw new CheckError(`${origin} holds no private key that can be read without a passphrase`);
  }
}

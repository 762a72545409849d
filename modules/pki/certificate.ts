/** Looking at certificate files. */
import { CheckError, messageOf } from '../../core/errors';
import { type Look, mapLook, query, see, steps } from '../../core/module';
import { certificateFacts, type CertificateFacts } from './facts';
import { lookAtPublic, type PublicFile } from './host-files';
import { certificatesIn } from './pem';

/** A certificate file: what its first certificate says, and the rest of its chain. */
export interface CertificateFile {
  readonly path: string;
  /** Octal, `0644`. */
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  readonly leaf: CertificateFacts;
  /** What follows the first certificate in the file. */
  readonly chain: readonly CertificateFacts[];
}

export interface CertificateParams {
  /** Absolute path on the host of a PEM file (one certificate or a chain) or a DER file. */
  readonly path: string;
}

/**
 * Reads a certificate file: subject, names, key, usages, dates, serial, hashes, mode and owner.
 * @see RFC 5280
 */
export const certificate = query<CertificateParams, CertificateFile>({
  name: 'pki.certificate',
  subject: ({ path }) => path,
  validate: ({ path }) => absoluteOnly([path]),
  inspect: ({ path }) => lookAtCertificate(path),
});

export interface CertificatesParams {
  /** Absolute paths on the host. */
  readonly paths: readonly string[];
}

/** Reads several certificate files; the value has them in the order of `paths`. */
export const certificates = query<CertificatesParams, readonly CertificateFile[]>({
  name: 'pki.certificates',
  subject: ({ paths }) => paths.join(', '),
  validate: ({ paths }) => absoluteOnly(paths),
  inspect: ({ paths }) => steps(on => Promise.all(paths.map(path => see(lookAtCertificate(path), on)))),
});

/** The look behind `pki.certificate`. */
export function lookAtCertificate(path: string): Look<CertificateFile> {
  return mapLook(lookAtPublic(path), file => {
    if (file === undefined) throw new CheckError(`there is no certificate ${path}`);
    return certificateFile(file);
  });
}

/** What a certificate file says. @throws CheckError naming the file when it holds no certificate */
export function certificateFile(file: PublicFile): CertificateFile {
  try {
    const [leaf, ...chain] = certificatesIn(file.content).map(certificateFacts);
    if (leaf === undefined) throw new RangeError('holds no certificate');
    return { path: file.path, mode: file.mode, owner: file.owner, group: file.group, leaf, chain };
  } catch (error) {
    throw new CheckError(`${file.path}: ${messageOf(error)}`);
  }
}

/** Paths that are not absolute, as problems. */
export function absoluteOnly(paths: readonly (string | undefined)[]): string[] {
  return paths.flatMap(path => (path === undefined || path.startsWith('/') ? [] : [`"${path}" is no absolute path`]));
}

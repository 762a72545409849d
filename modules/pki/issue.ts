/** Issues certificates from a CA, as `cfssl gencert` does from a request and a profile. */
import { X509Certificate } from 'node:crypto';
import { CheckError, RefusedError } from '../../core/errors';
import { live, resource, type Change, type Touched } from '../../core/module';
import type { Target } from '../../core/transport/connection';
import { touchedFiles } from '../file/backup';
import { foretellMade } from '../file/foretell';
import { authorityPathProblems, authorityProblems, openAuthority, seeAuthority, type AuthorityFacts, type AuthoritySource } from './authority';
import { absoluteOnly, certificateFile, type CertificateFile } from './certificate';
import { missingUsages } from './cfssl-config';
import { readRequest, requestText, type CfsslRequest, type Request } from './cfssl-csr';
import { keyText, type CertificateFacts } from './facts';
import { readPublic, type PublicFile } from './host-files';
import { findKey, type KeyFile } from './key';
import { hostText, nameText, sameNames, writeName } from './names';
import { backupAll, placeLeaf, type FileOwnership } from './place';
import { usageExtensions } from './plan';
import { newKeyPair, signLeaf } from './sign';
import { isIssuedBy } from './verify';

export interface IssueParams extends FileOwnership {
  /** cfssl's request: absolute path of its JSON file on the host, or the request itself. */
  readonly csr: string | CfsslRequest;
  /** Its profile says how long the certificate lives and what it may be used for: `config` is needed. */
  readonly ca: AuthoritySource;
  /** Absolute path on the host of the certificate. A new file gets mode 0644. */
  readonly cert: string;
  /** Absolute path of its private key: re-used when it is there and is what the request asks for, else made, mode 0600. */
  readonly key: string;
  /** Issue again when less than this is left of its life, in days. Default: 0, when it has expired. */
  readonly renewBeforeDays?: number;
  /** Keep copies `<path>-bak-<run>` of what is replaced. Default: true. */
  readonly backup?: boolean;
}

interface IssueState {
  readonly request: Request;
  readonly file: PublicFile | undefined;
  readonly cert: CertificateFile | undefined;
  readonly key: KeyFile | undefined;
  readonly ca: AuthorityFacts;
  readonly now: Date;
}

/**
 * A certificate that is what its request and the CA's profile say: subject, names, key type and size, usages; issued by this CA, fitting its key
 * and not expired. A new one is proved before it is put in place.
 * @see cfssl gencert, https://github.com/cloudflare/cfssl
 */
export const issue = resource<IssueParams, IssueState, CertificateFile>({
  name: 'pki.issue',
  subject: ({ cert }) => cert,
  validate: ({ csr, ca, cert, key }) => [...absoluteOnly([cert, key, ...(typeof csr === 'string' ? [csr] : [])]), ...authorityPathProblems(ca)],
  inspect: params => live(async on => guarded(on, await look(on, params), params)),
  diff: (state, params) => [...keyChanges(state, params), ...certChanges(state, params)],
  apply: (on, { params, state }) => apply(on, params, state),
  value: (state, { cert }) => {
    if (state.cert === undefined) throw new CheckError(`there is no certificate ${cert}`);
    return state.cert;
  },
  touches,
  foretell: (on, { params, state }) => foretellMade(on, touches(state, params, on.runId)),
});

function touches(state: IssueState, params: IssueParams, runId: string): readonly Touched[] {
  const isNewKey = state.key === undefined || !isWantedKey(state.key, state.request);
  return touchedFiles([params.cert, ...(isNewKey ? [params.key] : [])], params.backup !== false, runId);
}

async function look(on: Target, { csr, ca, cert, key }: IssueParams): Promise<IssueState> {
  const [request, file, present, authority] = await Promise.all([requestOf(on, csr), readPublic(on, cert), findKey(on, key), seeAuthority(on, ca)]);
  return { request, file, cert: file === undefined ? undefined : certificateFile(file), key: present, ca: authority, now: new Date() };
}

async function requestOf(on: Target, csr: string | CfsslRequest): Promise<Request> {
  if (typeof csr !== 'string') return readRequest(requestText(csr), 'the request');
  const file = await readPublic(on, csr);
  if (file === undefined) throw new CheckError(`${on.host.name}: there is no request ${csr}`);
  return readRequest(file.content.toString('utf8'), csr);
}

function guarded(on: Target, state: IssueState, params: IssueParams): IssueState {
  const changes = certChanges(state, params).length > 0;
  const reasons = [
    ...[missingUsages(state.ca.profile) ?? []].flat(),
    ...(changes && state.ca.certificates.every(one => authorityProblems(one, state.now).length > 0)
      ? state.ca.certificates.flatMap(one => authorityProblems(one, state.now)).map(problem => `the CA ${problem}`) : []),
  ];
  if (reasons.length > 0) throw new RefusedError(`${on.host.name}: ${params.cert} cannot be issued: ${reasons.join('; ')}`);
  return state;
}

function keyChanges({ key, request }: IssueState, params: IssueParams): Change[] {
  if (key !== undefined && isWantedKey(key, request)) return [];
  const wanted = `a new ${request.key.type} ${request.key.size}`;
  return [{ resource: params.key, property: 'key', from: key === undefined ? null : keyText(key), to: wanted }];
}

function certChanges(state: IssueState, params: IssueParams): Change[] {
  const { request, cert, key, ca, now } = state;
  const wanted = { subject: nameText(request.subject), names: request.names.map(hostText).join(', ') };
  const change = (property: string, from: string, to: string): Change => ({ resource: params.cert, property, from, to });
  if (cert === undefined) return [{ resource: params.cert, property: 'certificate', from: null, to: `${wanted.subject} for ${wanted.names || 'no name'}` }];
  const { leaf } = cert;
  const left = (Date.parse(leaf.notAfter) - now.getTime()) / 86_400_000;
  const issued = ca.certificates.some(one => isIssuedBy(new X509Certificate(leaf.pem), new X509Certificate(one.pem)));
  const clamped = ca.certificates.some(one => one.notAfter === leaf.notAfter) && left > 0;
  return [
    ...(leaf.subject.text === wanted.subject ? [] : [change('subject', leaf.subject.text, wanted.subject)]),
    ...(sameNames(leaf.names, request.names) ? [] : [change('names', leaf.names.map(hostText).join(', '), wanted.names)]),
    ...(ca.profile === undefined || usageText(ca.profile) === usageText(leaf) ? [] : [change('usages', usageText(leaf), usageText(ca.profile))]),
    ...(key !== undefined && isWantedKey(key, request) && key.sha256 !== leaf.key.sha256 ? [change('key', 'of another key', `of ${params.key}`)] : []),
    ...(key === undefined || !isWantedKey(key, request) ? [change('key', keyText(leaf.key), 'the new one')] : []),
    ...(issued ? [] : [change('issuer', leaf.issuer.text, ca.certificates.map(one => one.subject.text).join(' or '))]),
    ...(left > (params.renewBeforeDays ?? 0) || clamped ? [] : [change('notAfter', leaf.notAfter, 'renewed')]),
  ];
}

async function apply(on: Target, params: IssueParams, state: IssueState): Promise<void> {
  const { request, key, ca: { profile } } = state;
  if (profile === undefined) throw new RefusedError(`${on.host.name}: the CA for ${params.cert} names no configuration`);
  const signer = await openAuthority(on, params.ca);
  const pair = key !== undefined && isWantedKey(key, request) ? undefined : await newKeyPair(request.key.type, request.key.size);
  const leaf = await signLeaf({
    subject: writeName(request.subject),
    publicKey: pair?.publicKey ?? Buffer.from(key?.publicKey ?? '', 'base64'),
    names: request.names,
    extensions: usageExtensions(profile),
    expiryMs: profile.expiryMs,
    backdateMs: profile.backdateMs,
  }, signer);
  if (params.backup !== false) await backupAll(on, [params.cert, ...(pair === undefined ? [] : [params.key])]);
  await placeLeaf(on, { ...placementOf(params, leaf, state.file), ...(pair === undefined ? {} : { privateKey: pair.privateKey }) });
}

function placementOf({ cert, key, owner, group }: IssueParams, leaf: CertificateFacts, old: PublicFile | undefined): Parameters<typeof placeLeaf>[1] {
  const fresh = { ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) };
  return { cert, key, leaf, fresh, ...(old === undefined ? {} : { old }) };
}

function isWantedKey(key: KeyFile, { key: wanted }: Request): boolean {
  return key.isPrivate && key.type === wanted.type && key.size === wanted.size;
}

function usageText({ keyUsage, extendedKeyUsage }: Pick<CertificateFacts, 'keyUsage' | 'extendedKeyUsage'>): string {
  return [...[...keyUsage].sort(), ...[...extendedKeyUsage].sort()].join(', ');
}

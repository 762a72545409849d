/** Signs a certificate again, without some of its names. */
import { X509Certificate } from 'node:crypto';
import { RefusedError } from '../../core/errors';
import { live, resource, type Change, type Touched } from '../../core/module';
import type { Target } from '../../core/transport/connection';
import { touchedFiles } from '../file/backup';
import { foretellMade } from '../file/foretell';
import { authorityPathProblems, authorityProblems, openAuthority, seeAuthority, type AuthorityFacts, type AuthoritySource } from './authority';
import { absoluteOnly, certificateFile, type CertificateFile } from './certificate';
import { BACKDATE_MS, missingUsages } from './cfssl-config';
import { hostsIn, requestFor, requestText, withHosts } from './cfssl-csr';
import { keyText, rawSubject, type CertificateFacts } from './facts';
import { readPublic, type PublicFile } from './host-files';
import { readKey, type KeyFile } from './key';
import { alternativeName, hostText, isSameName, sameNames, type AlternativeName } from './names';
import { backupAll, placeLeaf } from './place';
import { inheritedExtensions, isAboutUsage, usageExtensions, type LeafWish } from './plan';
import { newKeyPair, signLeaf, type KeyPair } from './sign';
import { isIssuedBy } from './verify';

export interface ReissueParams {
  /** Absolute path on the host of the certificate to sign again; what follows it in the file stays. */
  readonly cert: string;
  /** Absolute path of its private key. It is re-used and never leaves the host, unless `newKey` is set. */
  readonly key: string;
  readonly ca: AuthoritySource;
  /** Names and addresses to leave out, each matched whole; those that are not in the certificate are fine. */
  readonly minus?: readonly string[];
  /** Names and addresses to add where they are missing. */
  readonly plus?: readonly string[];
  /** Make a new key of the same type and size, when the certificate is signed again. Default: false. */
  readonly newKey?: boolean;
  /** Key usages: as in the present certificate (default), or from the CA's profile. */
  readonly usages?: 'kept' | 'profile';
  /** Sign again also when less than this is left of its life, in days. Default: 0, when it has expired. */
  readonly renewBeforeDays?: number;
  /** Absolute path of cfssl's request file beside it, whose `hosts` are kept true; it is written when it is not there. */
  readonly csrJson?: string;
  /** Keep copies `<path>-bak-<run>` of what is replaced. Default: true. */
  readonly backup?: boolean;
}

interface ReissueState {
  readonly file: PublicFile;
  readonly cert: CertificateFile;
  readonly key: KeyFile;
  readonly ca: AuthorityFacts;
  readonly csr: PublicFile | undefined;
  readonly now: Date;
}

/**
 * Re-issues a certificate: subject equal to the byte, key type, usages and other extensions as in the present one, names minus and plus what
 * is said, subject and authority key id always, NotAfter within the CA's. Nothing changes when its names are already the wanted ones.
 * The new certificate is proved before it takes the old one's place by a rename; mode and owner stay.
 * Refused: a certificate that another CA issued, that does not fit its key, that is a CA, or that would lose its last name.
 */
export const reissue = resource<ReissueParams, ReissueState, CertificateFile>({
  name: 'pki.reissue',
  subject: ({ cert }) => cert,
  validate: params => [
    ...absoluteOnly([params.cert, params.key, params.csrJson]),
    ...authorityPathProblems(params.ca),
    ...(params.newKey === true && params.backup === false ? ['a new key needs the backup of the old one, or it could not be undone'] : []),
  ],
  inspect: params => live(async on => guarded(on, params, await look(on, params))),
  diff: (state, params) => [...leafChanges(state, params), ...csrChanges(state, params)],
  apply: async (on, { params, state }) => {
    const { leaf, csr } = due(state, params);
    if (params.backup !== false) await backupAll(on, [...(leaf ? [params.cert] : []), ...(leaf && params.newKey === true ? [params.key] : []), ...(csr === undefined ? [] : [csr])]);
    if (leaf) await replaceLeaf(on, params, state);
    if (csr !== undefined) await on.write(csr, csrText(state, params, csr));
  },
  value: state => state.cert,
  touches,
  foretell: (on, { params, state }) => foretellMade(on, touches(state, params, on.runId)),
});

function touches(state: ReissueState, params: ReissueParams, runId: string): readonly Touched[] {
  const { leaf, csr } = due(state, params);
  const pair = leaf ? [params.cert, ...(params.newKey === true ? [params.key] : [])] : [];
  return touchedFiles([...pair, ...(csr === undefined ? [] : [csr])], params.backup !== false, runId);
}

/** Which of the files change: certificate (with its key), request. */
function due(state: ReissueState, params: ReissueParams): { readonly leaf: boolean; readonly csr: string | undefined } {
  return { leaf: leafChanges(state, params).length > 0, csr: csrChanges(state, params).length > 0 ? params.csrJson : undefined };
}

/** The names that a certificate is to have: the old ones in their order without `minus`, then what `plus` adds. */
export function wantedNames(old: readonly AlternativeName[], { minus = [], plus = [] }: Pick<ReissueParams, 'minus' | 'plus'>): AlternativeName[] {
  const dropped = minus.map(alternativeName);
  const kept = old.filter(name => !dropped.some(one => isSameName(one, name)));
  const added = plus.map(alternativeName).filter(name => !kept.some(one => isSameName(one, name)));
  return [...kept, ...added];
}

async function look(on: Target, params: ReissueParams): Promise<ReissueState> {
  const [file, key, ca, csr] = await Promise.all([
    readPublic(on, params.cert),
    readKey(on, params.key),
    seeAuthority(on, params.ca),
    params.csrJson === undefined ? undefined : readPublic(on, params.csrJson),
  ]);
  if (file === undefined) throw new RefusedError(`${on.host.name}: there is no certificate ${params.cert} to sign again`);
  return { file, cert: certificateFile(file), key, ca, csr, now: new Date() };
}

/** What makes the request impossible is said when looking, so that a check run finds it. */
function guarded(on: Target, params: ReissueParams, state: ReissueState): ReissueState {
  const { leaf } = state.cert;
  const issuer = issuerOf(state);
  const reasons = [
    ...(leaf.isCA ? ['it is a CA'] : []),
    ...(leaf.key.sha256 === state.key.sha256 ? [] : [`${params.key} is not its key (a run that was killed while it put a new pair in place has left the old one as -bak-<run> beside it)`]),
    ...(leaf.names.length > 0 && wantedNames(leaf.names, params).length === 0 ? ['no name would be left in it'] : []),
    ...(issuer === undefined ? [`${state.ca.origin} did not issue it (its issuer is ${leaf.issuer.text})`] : []),
    ...(params.usages === 'profile' ? [missingUsages(state.ca.profile) ?? []].flat() : []),
    ...(issuer !== undefined && leafChanges(state, params).length > 0 ? authorityProblems(issuer, state.now).map(problem => `its CA ${problem}`) : []),
  ];
  if (reasons.length > 0) throw new RefusedError(`${on.host.name}: ${params.cert} cannot be signed again: ${reasons.join('; ')}`);
  return state;
}

function leafChanges(state: ReissueState, params: ReissueParams): Change[] {
  const { leaf } = state.cert;
  const names = wantedNames(leaf.names, params);
  const profile = params.usages === 'profile' ? state.ca.profile : undefined;
  const left = (Date.parse(leaf.notAfter) - state.now.getTime()) / 86_400_000;
  const change = (property: string, from: string, to: string): Change => ({ resource: params.cert, property, from, to });
  const usage = (facts: Pick<CertificateFacts, 'keyUsage' | 'extendedKeyUsage'>) => [...[...facts.keyUsage].sort(), ...[...facts.extendedKeyUsage].sort()].join(', ');
  const changes = [
    ...(sameNames(leaf.names, names) ? [] : [change('names', leaf.names.map(hostText).join(', '), names.map(hostText).join(', '))]),
    ...(profile === undefined || usage(profile) === usage(leaf) ? [] : [change('usages', usage(leaf), usage(profile))]),
    // A certificate that ends with its CA cannot live longer.
    ...(left >= (params.renewBeforeDays ?? 0) || leaf.notAfter === issuerOf(state)?.notAfter ? [] : [change('notAfter', leaf.notAfter, 'renewed')]),
  ];
  if (changes.length > 0 && params.newKey === true) changes.push({ resource: params.key, property: 'key', from: keyText(leaf.key), to: `a new ${keyText(leaf.key)}` });
  return changes;
}

function csrChanges(state: ReissueState, params: ReissueParams): Change[] {
  if (params.csrJson === undefined) return [];
  const wanted = wantedNames(state.cert.leaf.names, params);
  const present = state.csr === undefined ? undefined : hostsIn(state.csr.content.toString('utf8'), params.csrJson);
  if (present !== undefined && sameNames(present, wanted)) return [];
  const text = (names: readonly AlternativeName[]) => names.map(hostText).join(', ');
  return [{ resource: params.csrJson, property: 'hosts', from: present === undefined ? null : text(present), to: text(wanted) }];
}

async function replaceLeaf(on: Target, params: ReissueParams, state: ReissueState): Promise<void> {
  const signer = await openAuthority(on, params.ca);
  if (!isIssuedBy(new X509Certificate(state.cert.leaf.pem), new X509Certificate(signer.certificate.pem))) {
    throw new RefusedError(`${on.host.name}: the key of ${signer.origin} belongs to another CA than the one that issued ${params.cert}`);
  }
  const pair = params.newKey === true ? await sameKindOfKey(state.cert.leaf) : undefined;
  const leaf = await signLeaf(wishFor(params, state, pair), signer);
  await placeLeaf(on, { cert: params.cert, key: params.key, leaf, old: state.file, ...(pair === undefined ? {} : { privateKey: pair.privateKey }) });
}

function wishFor(params: ReissueParams, state: ReissueState, pair: KeyPair | undefined): LeafWish {
  const { leaf } = state.cert;
  const { profile } = state.ca;
  const inherited = inheritedExtensions(leaf);
  const extensions = params.usages === 'profile' && profile !== undefined
    ? [...usageExtensions(profile), ...inherited.filter(one => !isAboutUsage(one))]
    : inherited;
  return {
    subject: rawSubject(leaf),
    publicKey: pair?.publicKey ?? Buffer.from(leaf.publicKey, 'base64'),
    names: wantedNames(leaf.names, params),
    extensions,
    // Without a profile it lives as long as the one before it.
    expiryMs: profile?.expiryMs ?? Date.parse(leaf.notAfter) - Date.parse(leaf.notBefore),
    backdateMs: profile?.backdateMs ?? BACKDATE_MS,
  };
}

function sameKindOfKey({ key, subject }: CertificateFacts): Promise<KeyPair> {
  if (key.type === 'other') throw new RefusedError(`the key of ${subject.text} is neither RSA nor ECDSA: no new one of its kind can be made`);
  return newKeyPair(key.type, key.size);
}

function csrText(state: ReissueState, params: ReissueParams, path: string): string {
  const names = wantedNames(state.cert.leaf.names, params).map(hostText);
  if (state.csr === undefined) return requestText({ ...requestFor(state.cert.leaf), hosts: names });
  return withHosts(state.csr.content.toString('utf8'), names, path);
}

function issuerOf(state: ReissueState): CertificateFacts | undefined {
  const leaf = new X509Certificate(state.cert.leaf.pem);
  return state.ca.certificates.find(one => isIssuedBy(leaf, new X509Certificate(one.pem)));
}

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { ExtraFile } from '../types';
import type { ClusterOptions } from './options';
import { clusterHosts } from './options';

const run = promisify(execFile);

/** A subject in the order in which cfssl writes it. */
interface Names {
  readonly O: string;
  readonly OU: string;
  readonly CN: string;
}

/** What a leaf certificate is made from. */
interface LeafRequest {
  readonly name: string;
  readonly names: Names;
  readonly hosts: readonly string[];
}

/** The certificates of a cluster: what every host gets, what masters get besides, and what one host alone gets. */
export interface ClusterPki {
  readonly masters: readonly ExtraFile[];
  readonly everyHost: readonly ExtraFile[];
  readonly perHost: ReadonlyMap<string, readonly ExtraFile[]>;
}

const leafDays = 3650;
const caDays = 36500;

/**
 * Makes the CA and all certificates of a cluster with the `openssl` command on this machine, independent of
 * `modules/pki`, so that the module is tested against somebody else's certificates. Leaves have SANs, both key usages,
 * and the subject and authority key ids; the CSR files beside them are cfssl's.
 * @throws when `openssl` is missing or fails; its message names the command.
 */
export async function makePki(options: ClusterOptions): Promise<ClusterPki> {
  const work = await mkdtemp(join(tmpdir(), 'runsheet-lab-pki-'));
  try {
    return await makeIn(work, options);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function makeIn(work: string, options: ClusterOptions): Promise<ClusterPki> {
  const at = (name: string): string => join(options.certDir, name);
  const ca = await makeAuthority(work, options);
  const leaf = (request: LeafRequest): Promise<ExtraFile[]> => makeLeaf(work, options, request);
  const [etcd, kubernetes, controllerManager, scheduler, admin, serviceAccount, ...kubelets] = await Promise.all([
    leaf({ name: 'etcd', names: system('etcd'), hosts: ['127.0.0.1', ...options.masters] }),
    leaf({ name: 'kubernetes', names: system('kubernetes'), hosts: apiserverHosts(options) }),
    leaf(componentRequest('kube-controller-manager', options)),
    leaf(componentRequest('kube-scheduler', options)),
    leaf({ name: 'admin', names: { O: 'system:masters', OU: 'System', CN: 'admin' }, hosts: [] }),
    serviceAccountFiles(work, options),
    ...clusterHosts(options).map((host) => leaf(kubeletRequest(host))),
  ]);
  const perHost = new Map(clusterHosts(options).map((host, i) => [host, kubelets[i] ?? []]));
  const publicCa = ca.filter((file) => file.path === at('ca.pem'));
  const masters = [...ca, ...etcd, ...kubernetes, ...controllerManager, ...scheduler, ...serviceAccount];
  return { masters, everyHost: [...publicCa, ...admin], perHost };
}

function system(commonName: string): Names {
  return { O: 'k8s', OU: 'System', CN: commonName };
}

function apiserverHosts(options: ClusterOptions): string[] {
  const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  return ['127.0.0.1', ...options.masters, '10.254.0.1', ...service, ...clusterNames(service)];
}

function clusterNames(service: readonly string[]): string[] {
  const longest = service.at(-1) ?? '';
  return [`${longest}.cluster`, `${longest}.cluster.local`];
}

function componentRequest(name: string, options: ClusterOptions): LeafRequest {
  return { name, names: { O: `system:${name}`, OU: 'System', CN: `system:${name}` }, hosts: ['127.0.0.1', ...options.masters] };
}

function kubeletRequest(host: string): LeafRequest {
  return { name: 'kubelet', names: { O: 'system:nodes', OU: 'System', CN: `system:node:${host}` }, hosts: ['127.0.0.1', host] };
}

async function makeAuthority(work: string, options: ClusterOptions): Promise<ExtraFile[]> {
  const key = join(work, 'ca-key.pem');
  const cert = join(work, 'ca.pem');
  await makeKey(key, options);
  const config = join(work, 'ca.cnf');
  await writeFile(config, `${requestConfig(system('kubernetes'))}
[ext]
basicConstraints = critical, CA:TRUE, pathlen:2
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
`);
  await openssl('req', '-x509', '-new', '-sha256', '-key', key, '-days', String(caDays), '-config', config, '-extensions', 'ext', '-out', cert);
  const csr = { CN: 'kubernetes', key: keyRequest(options), names: [cfsslNames(system('kubernetes'))], ca: { expiry: '876000h' } };
  return [
    ...(await pairFiles(options, 'ca', { cert, key })),
    { path: join(options.certDir, 'ca-csr.json'), content: json(csr) },
    { path: join(options.certDir, 'ca-config.json'), content: json(caConfig) },
  ];
}

async function makeLeaf(work: string, options: ClusterOptions, request: LeafRequest): Promise<ExtraFile[]> {
  const stem = join(work, `${request.name}-${randomBytes(4).toString('hex')}`);
  const [key, csr, config, cert] = [`${stem}-key.pem`, `${stem}.csr`, `${stem}.cnf`, `${stem}.pem`] as const;
  await makeKey(key, options);
  await writeFile(config, `${requestConfig(request.names)}
[ext]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
${request.hosts.length > 0 ? `subjectAltName = ${request.hosts.map(alternativeName).join(', ')}\n` : ''}`);
  await openssl('req', '-new', '-sha256', '-key', key, '-config', config, '-out', csr);
  const authority = ['-CA', join(work, 'ca.pem'), '-CAkey', join(work, 'ca-key.pem'), '-set_serial', `0x${serial()}`];
  await openssl('x509', '-req', '-sha256', '-in', csr, ...authority, '-days', String(leafDays), '-extfile', config, '-extensions', 'ext', '-out', cert);
  const text = { CN: request.names.CN, hosts: request.hosts, key: keyRequest(options), names: [cfsslNames(request.names)] };
  return [
    ...(await pairFiles(options, request.name, { cert, key })),
    { path: join(options.certDir, `${request.name}-csr.json`), content: json(text) },
  ];
}

async function serviceAccountFiles(work: string, options: ClusterOptions): Promise<ExtraFile[]> {
  if (options.saKey === 'apiserver') return [];
  const key = join(work, 'sa.key');
  const publicKey = join(work, 'sa.pub');
  await makeKey(key, options);
  await openssl('pkey', '-in', key, '-pubout', '-out', publicKey);
  return [
    { path: join(options.certDir, 'sa.key'), content: await readFile(key, 'utf8'), mode: 0o600 },
    { path: join(options.certDir, 'sa.pub'), content: await readFile(publicKey, 'utf8') },
  ];
}

async function pairFiles(options: ClusterOptions, name: string, at: { cert: string; key: string }): Promise<ExtraFile[]> {
  return [
    { path: join(options.certDir, `${name}.pem`), content: await readFile(at.cert, 'utf8') },
    { path: join(options.certDir, `${name}-key.pem`), content: await readFile(at.key, 'utf8'), mode: 0o600 },
  ];
}

async function makeKey(path: string, options: ClusterOptions): Promise<void> {
  // cfssl writes keys in the traditional forms, RSA PRIVATE KEY and EC PRIVATE KEY.
  if (options.key === 'ec') await openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', path);
  else await openssl('genrsa', '-traditional', '-out', path, '2048');
}

async function openssl(...args: string[]): Promise<void> {
  await run('openssl', args);
}

function requestConfig(names: Names): string {
  return `[req]
prompt = no
distinguished_name = dn
[dn]
C = CN
ST = ShangHai
L = ShangHai
O = ${names.O}
OU = ${names.OU}
CN = ${names.CN}
`;
}

function alternativeName(host: string): string {
  return /^[0-9.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`;
}

/** A positive serial of 20 octets, as cfssl makes them. */
function serial(): string {
  const bytes = randomBytes(20);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function keyRequest(options: ClusterOptions): { algo: string; size: number } {
  return options.key === 'ec' ? { algo: 'ecdsa', size: 256 } : { algo: 'rsa', size: 2048 };
}

function cfsslNames(names: Names): Record<string, string> {
  return { C: 'CN', ST: 'ShangHai', L: 'ShangHai', O: names.O, OU: names.OU };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const caConfig = {
  signing: {
    default: { expiry: '87600h' },
    profiles: {
      kubernetes: { usages: ['signing', 'key encipherment', 'server auth', 'client auth'], expiry: '87600h' },
    },
  },
};

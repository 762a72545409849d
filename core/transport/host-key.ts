/** Is this the host that we mean? Its key is compared with pinned fingerprints or known_hosts before anything is sent; no doubt is in its favour. */
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ConnectionError } from '../errors';
import type { Host } from '../inventory/host';
import { expandHome } from './paths';
import { KnownHostsReader, knownName, type KnownHost, type KnownHosts } from './known-hosts';

/** How unknown host keys are met: refused, or remembered. A changed or revoked key is refused always. */
export type HostKeyPolicy = 'strict' | 'accept-new';

/** What was decided about a key; `learnt` when it was new and has been written to that file. */
export interface Verdict {
  readonly refusal?: ConnectionError;
  readonly learnt?: string;
}

/** Judges the keys that one host offers. */
export interface HostKeyJudge {
  /** Types of the keys that are known for it, so that the server is asked for one of them first. */
  readonly knownTypes: readonly string[];
  judge(key: Buffer): Verdict;
}

/** Reads what is known about a host. @param reader one for the hosts of a run. @throws ConnectionError when a file exists and cannot be read. */
export function hostKeyJudge(host: Host, policy: HostKeyPolicy, reader = new KnownHostsReader()): HostKeyJudge {
  const { address, port, hostKeys } = host.connection;
  if (hostKeys !== undefined && hostKeys.length > 0) return { knownTypes: [], judge: key => judgePinned(host, hostKeys, key) };
  const files = host.connection.knownHosts?.map(expandHome) ?? defaultFiles();
  const name = knownName(address, port);
  // ssh also accepts, for another port, the key that it knows for the bare name.
  const bare = knownName(address, 22);
  const entries = (): Entries => {
    const read = files.map(file => readFile(host, file, reader));
    const named = read.flatMap(hosts => hosts.of(name));
    return { named, accepted: bare === name ? named : [...named, ...read.flatMap(hosts => hosts.of(bare))] };
  };
  return {
    knownTypes: entries().named.filter(entry => entry.marker === undefined).map(entry => entry.type),
    // Read again: another host of this run, or another run, may have added it meanwhile.
    judge: key => judgeKnown({ host, name, files, policy, ...entries() }, key),
  };
}

/** `SHA256:...`, as ssh-keygen -l prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that stands at the beginning of a public key's bytes. */
export function keyType(key: Buffer): string {
  return key.length < 4 ? 'unknown' : key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
}

interface Entries {
  /** Those for the host's own name. */
  readonly named: readonly KnownHost[];
  /** And those whose keys are taken for it, too. */
  readonly accepted: readonly KnownHost[];
}

interface Known extends Entries {
  readonly host: Host;
  readonly name: string;
  readonly files: readonly string[];
  readonly policy: HostKeyPolicy;
}

function judgeKnown(known: Known, key: Buffer): Verdict {
  const { host, name, named, accepted } = known;
  const base64 = key.toString('base64');
  // A revoked key is refused for whatever name it stands.
  const revoked = accepted.find(entry => entry.marker === 'revoked' && entry.key === base64);
  if (revoked !== undefined) {
    return refuse(host, `its ${label(key)} is marked as revoked in ${place(revoked)}`, 'Somebody may be in between, or the host still has a stolen key: do not connect.');
  }
  if (accepted.some(entry => entry.marker === undefined && entry.key === base64)) return {};
  const other = named.find(entry => entry.marker === undefined);
  if (other !== undefined) {
    return refuse(
      host, `its ${label(key)} is not the one in ${place(other)}: the host was installed anew, or somebody is in between`,
      `Check the fingerprint on the host (ssh-keygen -lf /etc/ssh/ssh_host_${shortType(key)}_key.pub), then: ssh-keygen -R '${name}' -f ${other.file}`,
    );
  }
  return known.policy === 'accept-new' ? learn(known, key) : unknown(known, key);
}

function unknown({ host, name, files }: Known, key: Buffer): Verdict {
  return refuse(
    host, `its ${label(key)} is not known as ${name} in ${files.join(', ')}`,
    `Check the fingerprint on the host (ssh-keygen -lf /etc/ssh/ssh_host_${shortType(key)}_key.pub) and log in once with ssh, or use --host-key accept-new.`,
  );
}

function learn({ host, name, files }: Known, key: Buffer): Verdict {
  const [file] = files;
  if (file === undefined) return refuse(host, 'there is no known_hosts file to write its key to');
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const old = readText(file);
    const gap = old === '' || old.endsWith('\n') ? '' : '\n';
    appendFileSync(file, `${gap}${name} ${keyType(key)} ${key.toString('base64')}\n`, { mode: 0o600 });
  } catch (error) {
    return refuse(host, `its key cannot be written to ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { learnt: `its ${label(key)} was new and is now in ${file}` };
}

function judgePinned(host: Host, pinned: readonly string[], key: Buffer): Verdict {
  const found = fingerprint(key);
  if (pinned.map(pin => pin.replace(/=+$/, '')).includes(found)) return {};
  return refuse(
    host, `its ${label(key)} is none of those pinned in the inventory (${pinned.join(', ')})`,
    'Pin the fingerprint of every key type that the host offers (ssh-keygen -lf FILE.pub there), or find out who is in between.',
  );
}

function readFile(host: Host, file: string, reader: KnownHostsReader): KnownHosts {
  try {
    return reader.read(file);
  } catch (error) {
    throw new ConnectionError(host.name, `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, 'Host keys cannot be checked without it.');
  }
}

/** The text of a file, empty when there is none. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

function defaultFiles(): string[] {
  const user = ['known_hosts', 'known_hosts2'].map(file => join(homedir(), '.ssh', file));
  return [...user, '/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];
}

function refuse(host: Host, message: string, hint?: string): Verdict {
  return { refusal: new ConnectionError(host.name, `host key refused: ${message}`, hint) };
}

function label(key: Buffer): string {
  return `${keyType(key)} key ${fingerprint(key)}`;
}

function place(entry: KnownHost): string {
  return `${entry.file} line ${entry.line}`;
}

function shortType(key: Buffer): string {
  const type = keyType(key);
  if (type.includes('ed25519')) return 'ed25519';
  return type.startsWith('ecdsa') ? 'ecdsa' : 'rsa';
}

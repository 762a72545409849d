/** Who asks the API, and where: read from a kubeconfig on a host. */
import { posix } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../core/errors';
import { live, query } from '../../core/module';
import { Secret } from '../../core/secret';
import type { Target } from '../../core/transport/connection';
import { parseYaml } from '../../core/yaml';

/** What a client shows to the API server and expects of it. */
export interface Credentials {
  /** `https://127.0.0.1:8443`, as the kubeconfig says. */
  readonly server: string;
  /** The CA's certificates, PEM. */
  readonly ca: string;
  /** The client certificate, PEM. */
  readonly cert?: string;
  readonly key?: Secret;
  readonly token?: Secret;
}

export interface CredentialsParams {
  /** Path of a kubeconfig on the host; its current context is used. */
  readonly kubeconfig: string;
}

/**
 * Reads the credentials of a kubeconfig's current context. The value holds a secret: it is never written down.
 * @see https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
export const credentials = query<CredentialsParams, Credentials>({
  name: 'kube.credentials',
  subject: ({ kubeconfig }) => kubeconfig,
  inspect: ({ kubeconfig }) => live(on => readCredentials(on, kubeconfig)),
});

const clusterSchema = z.object({
  'server': z.url(),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
});
const userSchema = z.object({
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
  'token': z.string().optional(),
});
const contextSchema = z.object({ cluster: z.string(), user: z.string() });
const configSchema = z.object({
  'current-context': z.string().optional(),
  'clusters': z.array(z.object({ name: z.string(), cluster: clusterSchema })),
  'users': z.array(z.object({ name: z.string(), user: userSchema })),
  'contexts': z.array(z.object({ name: z.string(), context: contextSchema })).default([]),
});

async function readCredentials(on: Target, path: string): Promise<Credentials> {
  const origin = `${on.host.name}:${path}`;
  const text = (await on.readSecret(path)).reveal();
  const parsed = configSchema.safeParse(parseYaml(text, origin));
  if (!parsed.success) throw new UsageError(`${origin} is not a kubeconfig: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`);
  const config = parsed.data;
  const context = config.contexts.find(each => each.name === config['current-context'])?.context ?? config.contexts[0]?.context;
  const cluster = config.clusters.find(each => context === undefined || each.name === context.cluster)?.cluster;
  const user = config.users.find(each => context === undefined || each.name === context.user)?.user;
  if (cluster === undefined || user === undefined) throw new UsageError(`${origin}: its current context names no cluster and user of this file`);
  const file = (name: string): string => (posix.isAbsolute(name) ? name : posix.join(posix.dirname(path), name));
  const ca = cluster['certificate-authority-data'] === undefined
    ? await readText(on, cluster['certificate-authority'], file)
    : decode(cluster['certificate-authority-data']);
  if (ca === undefined) throw new UsageError(`${origin}: its cluster names no certificate authority, and an unverified server is never asked`);
  const cert = user['client-certificate-data'] === undefined ? await readText(on, user['client-certificate'], file) : decode(user['client-certificate-data']);
  const key = user['client-key-data'] === undefined ? await readKey(on, user['client-key'], file) : new Secret(decode(user['client-key-data']));
  return {
    server: cluster.server,
    ca,
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(user.token === undefined ? {} : { token: new Secret(user.token) }),
  };
}

async function readText(on: Target, name: string | undefined, file: (name: string) => string): Promise<string | undefined> {
  return name === undefined ? undefined : (await on.read(file(name))).toString('utf8');
}

async function readKey(on: Target, name: string | undefined, file: (name: string) => string): Promise<Secret | undefined> {
  return name === undefined ? undefined : await on.readSecret(file(name));
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

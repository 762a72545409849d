/** The variables of the playbook: what the hosts' own units say is read there; these name the rest. */
import { z } from 'zod';
import { flag, hosts, names } from '../../core/vars';
import { clusterVars } from '../steps/cluster-vars';

const ca = z.strictObject({
  cert: z.string().default('/etc/kubernetes/ssl/ca.pem').describe('the CA that signed the certificates, on a kept master'),
  key: z.string().default('/etc/kubernetes/ssl/ca-key.pem').describe('its private key, on a kept master'),
  config: z.string().default('/etc/kubernetes/ssl/ca-config.json').describe("cfssl's signing configuration"),
  profile: z.string().default('kubernetes').describe('the profile in it: how long a certificate is valid'),
  etcd: z.strictObject({ cert: z.string().describe("etcd's own CA, where it has one"), key: z.string().describe('its private key') }).optional().describe('the CA of etcd, where it has its own'),
});

/** @see docs/modules and hazards S5, S11, S4 for what the risky ones mean */
export const schema = z.strictObject({
  leaving: hosts().prefault([]).describe('masters that leave and still answer: names, addresses or a pattern'),
  dead: names().default([]).describe('leaving masters that are gone already and are not connected to: names or addresses'),
  ...clusterVars,
  proxy: z.string().default('127.0.0.1:8443').describe('where clients on every node reach the API'),
  ca: ca.prefault({}).describe('the certificate authority'),
  etcdRestart: z.enum(['never', 'rolling']).default('never').describe('restart the kept etcd members, one by one, while the others hold quorum'),
  restartControllers: flag().default(false).describe('restart the kept controller-managers and schedulers although nothing asks for it'),
  newKeys: flag().default(false).describe('make new private keys for the re-issued certificates instead of using the old ones'),
  acceptDurabilityRisk: flag().default(false).describe('go on although a single etcd of this version can lose acknowledged writes in a crash'),
  backupDir: z.string().default('.runsheet/backups').describe('where the snapshot is kept on the controller (mode 0700)'),
  backupRecipient: z.string().optional().describe('an age recipient (age1...); the snapshot on the controller is then encrypted'),
  canaryImage: z.string().default('k8s.gcr.io/pause:3.2').describe('an image that the nodes have, for the canary pod'),
  wipeKeys: flag().default(false).describe('delete CA key, shared keys and kubeconfigs on the leaving masters at the end'),
});

export type Vars = z.output<typeof schema>;

/** Variables that every playbook about such a cluster takes: names that its units do not tell. */
import { z } from 'zod';

const units = z.strictObject({
  nginx: z.string().default('kube-nginx').describe('nginx in front of the API servers, on every node'),
  etcd: z.string().default('kube-etcd').describe('etcd, on the masters'),
  apiserver: z.string().default('kube-apiserver').describe('kube-apiserver, on the masters'),
  controllerManager: z.string().default('kube-controller-manager').describe('kube-controller-manager, on the masters'),
  scheduler: z.string().default('kube-scheduler').describe('kube-scheduler, on the masters'),
});

const nginx = z.strictObject({
  upstream: z.string().default('apiserver').describe('the upstream that holds the API servers'),
});

/** Fields of a schema: `z.strictObject({ ...clusterVars, ... })`. */
export const clusterVars = {
  units: units.prefault({}).describe('names of the systemd units'),
  nginx: nginx.prefault({}),
  kubeconfig: z.string().default('/root/.kube/config').describe('an administrator\'s kubeconfig on the masters'),
};

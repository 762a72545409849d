import type { ExtraFile } from '../types';
import type { ClusterOptions } from './options';
import { paths, unitNames } from './options';

/** A unit before it is text. */
interface Unit {
  readonly name: string;
  readonly description: string;
  readonly after?: string;
  readonly service: readonly string[];
  /** The binary and its flags, one on each continued line. */
  readonly command: readonly string[];
}

/**
 * The unit files of one host, with all flags in `ExecStart=` over continued lines, as guides for binary installs have
 * them. nginx, etcd and the apiserver are enabled; the apiserver's clients are not yet: three connections that nothing
 * answers make nginx leave a server out for 30 s.
 */
export function unitFiles(options: ClusterOptions, host: string): ExtraFile[] {
  const directory = '/etc/systemd/system';
  const { nginx, etcd, apiserver } = unitNames(options.units);
  return unitsOf(options, host).flatMap((unit) => {
    const path = `${directory}/${unit.name}.service`;
    const isEnabled = [nginx, etcd, apiserver].includes(unit.name);
    const link = { path: `${directory}/multi-user.target.wants/${unit.name}.service`, link: path };
    return [{ path, content: unitText(unit) }, ...(isEnabled ? [link] : [])];
  });
}

/** Names of the units that are to run on a host, without `.service`. */
export function unitsOn(options: ClusterOptions, host: string): string[] {
  return unitsOf(options, host).map((unit) => unit.name);
}

function unitsOf(options: ClusterOptions, host: string): Unit[] {
  const isMaster = options.masters.includes(host);
  const hasKube = options.kube !== 'none';
  return [
    nginxUnit(options),
    ...(isMaster ? [etcdUnit(options, host)] : []),
    ...(isMaster && hasKube ? [apiserverUnit(options, host), controllerManagerUnit(options, host), schedulerUnit(options, host)] : []),
    ...(hasKube ? [kubeletUnit(options, host)] : []),
  ];
}

function nginxUnit(options: ClusterOptions): Unit {
  const command = `${paths.nginx}/sbin/kube-nginx -c ${paths.nginx}/conf/kube-nginx.conf -p ${paths.nginx}`;
  return {
    name: unitNames(options.units).nginx,
    description: 'kube-apiserver nginx proxy',
    service: [
      'Type=forking',
      `ExecStartPre=${command} -t`,
      `ExecReload=${command} -s reload`,
      'PrivateTmp=true',
      'Restart=always',
      'RestartSec=5',
      'LimitNOFILE=65536',
    ],
    command: [command],
  };
}

function etcdUnit(options: ClusterOptions, host: string): Unit {
  const ssl = options.certDir;
  return {
    name: unitNames(options.units).etcd,
    description: 'Etcd Server',
    service: ['Type=notify', `WorkingDirectory=-${paths.etcdData}`, 'Restart=on-failure', 'RestartSec=5', 'LimitNOFILE=65536'],
    command: [
      '/usr/bin/etcd',
      `--data-dir=${paths.etcdData}`,
      `--name=${host}`,
      `--cert-file=${ssl}/etcd.pem`,
      `--key-file=${ssl}/etcd-key.pem`,
      `--trusted-ca-file=${ssl}/ca.pem`,
      `--peer-cert-file=${ssl}/etcd.pem`,
      `--peer-key-file=${ssl}/etcd-key.pem`,
      `--peer-trusted-ca-file=${ssl}/ca.pem`,
      '--peer-client-cert-auth',
      '--client-cert-auth',
      `--listen-peer-urls=https://${host}:2380`,
      `--initial-advertise-peer-urls=https://${host}:2380`,
      `--listen-client-urls=https://${host}:2379,https://127.0.0.1:2379`,
      `--advertise-client-urls=https://${host}:2379`,
      '--initial-cluster-token=etcd-cluster-0',
      `--initial-cluster=${options.masters.map((master) => `${master}=https://${master}:2380`).join(',')}`,
      '--initial-cluster-state=new',
      '--auto-compaction-mode=periodic',
      '--auto-compaction-retention=1',
      '--max-request-bytes=33554432',
      '--quota-backend-bytes=6442450944',
      '--heartbeat-interval=250',
      '--election-timeout=2000',
    ],
  };
}

function apiserverUnit(options: ClusterOptions, host: string): Unit {
  const ssl = options.certDir;
  const sa = serviceAccountKeys(options);
  return {
    name: unitNames(options.units).apiserver,
    description: 'Kubernetes API Server',
    service: ['Type=notify', 'Restart=on-failure', 'RestartSec=5', 'LimitNOFILE=65536'],
    command: [
      `${paths.binaries}/kube-apiserver`,
      `--advertise-address=${host}`,
      `--bind-address=${host}`,
      '--secure-port=6443',
      '--anonymous-auth=false',
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--service-cluster-ip-range=10.254.0.0/16',
      '--service-node-port-range=30000-32767',
      `--etcd-cafile=${ssl}/ca.pem`,
      `--etcd-certfile=${ssl}/kubernetes.pem`,
      `--etcd-keyfile=${ssl}/kubernetes-key.pem`,
      `--etcd-servers=${options.masters.map((master) => `https://${master}:2379`).join(',')}`,
      `--client-ca-file=${ssl}/ca.pem`,
      `--tls-cert-file=${ssl}/kubernetes.pem`,
      `--tls-private-key-file=${ssl}/kubernetes-key.pem`,
      `--kubelet-client-certificate=${ssl}/kubernetes.pem`,
      `--kubelet-client-key=${ssl}/kubernetes-key.pem`,
      `--service-account-key-file=${sa.verify}`,
      `--service-account-signing-key-file=${sa.sign}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      '--apiserver-count=3',
      '--endpoint-reconciler-type=lease',
      '--allow-privileged=true',
      '--event-ttl=1h',
      '--logtostderr=true',
      '--v=2',
    ],
  };
}

function controllerManagerUnit(options: ClusterOptions, host: string): Unit {
  const ssl = options.certDir;
  const kubeconfig = `${paths.kubeconfigs}/kube-controller-manager.kubeconfig`;
  return {
    name: unitNames(options.units).controllerManager,
    description: 'Kubernetes Controller Manager',
    service: ['Restart=on-failure', 'RestartSec=5'],
    command: [
      `${paths.binaries}/kube-controller-manager`,
      `--bind-address=${host}`,
      '--port=0',
      '--secure-port=10257',
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      '--service-cluster-ip-range=10.254.0.0/16',
      '--cluster-name=kubernetes',
      `--cluster-signing-cert-file=${ssl}/ca.pem`,
      `--cluster-signing-key-file=${ssl}/ca-key.pem`,
      `--root-ca-file=${ssl}/ca.pem`,
      `--service-account-private-key-file=${serviceAccountKeys(options).sign}`,
      `--tls-cert-file=${ssl}/kube-controller-manager.pem`,
      `--tls-private-key-file=${ssl}/kube-controller-manager-key.pem`,
      '--leader-elect=true',
      '--use-service-account-credentials=true',
      '--controllers=*,bootstrapsigner,tokencleaner',
      '--logtostderr=true',
      '--v=2',
    ],
  };
}

function schedulerUnit(options: ClusterOptions, host: string): Unit {
  const ssl = options.certDir;
  const kubeconfig = `${paths.kubeconfigs}/kube-scheduler.kubeconfig`;
  return {
    name: unitNames(options.units).scheduler,
    description: 'Kubernetes Scheduler',
    service: ['Restart=on-failure', 'RestartSec=5'],
    command: [
      `${paths.binaries}/kube-scheduler`,
      `--bind-address=${host}`,
      '--port=0',
      '--secure-port=10259',
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      `--tls-cert-file=${ssl}/kube-scheduler.pem`,
      `--tls-private-key-file=${ssl}/kube-scheduler-key.pem`,
      '--leader-elect=true',
      '--logtostderr=true',
      '--v=2',
    ],
  };
}

/** Real Kubernetes gets a hollow kubelet (kubemark): a real node whose pods run in name only. */
function kubeletUnit(options: ClusterOptions, host: string): Unit {
  const kubeconfig = `--kubeconfig=${paths.kubeconfigs}/kubelet.kubeconfig`;
  const real = ['/opt/k8s/bin/kubemark', '--morph=kubelet', `--name=${host}`, kubeconfig, '--logtostderr=true', '--v=2'];
  const standIn = [`${paths.binaries}/kubelet`, `--hostname-override=${host}`, kubeconfig];
  return {
    name: unitNames(options.units).kubelet,
    description: options.kube === 'real' ? 'Hollow Kubernetes Kubelet' : 'Kubernetes Kubelet',
    service: ['Restart=always', 'RestartSec=5'],
    command: options.kube === 'real' ? real : standIn,
  };
}

function serviceAccountKeys(options: ClusterOptions): { readonly sign: string; readonly verify: string } {
  const ssl = options.certDir;
  if (options.saKey === 'apiserver') return { sign: `${ssl}/kubernetes-key.pem`, verify: `${ssl}/kubernetes.pem` };
  return { sign: `${ssl}/sa.key`, verify: `${ssl}/sa.pub` };
}

function unitText(unit: Unit): string {
  return `[Unit]
Description=${unit.description}
After=network.target

[Service]
${unit.service.join('\n')}
ExecStart=${unit.command.join(' \\\n  ')}

[Install]
WantedBy=multi-user.target
`;
}

/** What lies in the file systems of a lab's hosts, to be compared before and after. */
import { runOnHost, type Lab } from '../lab';

/** Of each host, for each path, what `find` says of it and the hash of its content. */
export type Trees = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Where a run could leave something. */
const ROOTS = ['/etc', '/approot', '/opt', '/root', '/home', '/usr/local', '/var/lib', '/var/backups', '/var/spool'];

/**
 * What changes by itself: etcd's data, nginx's logs, what kubelets and systemd note down, the cache of the lab's own kubectl.
 * /run, /tmp and /var/log are not looked at for the same reason.
 */
const RESTLESS = ['/approot/data/etcd/member', '/approot/data/k8s/kube-nginx/logs', '/root/.kube/cache', '/root/.kube/http-cache', '/var/lib/kubelet', '/var/lib/systemd', '/var/lib/private', '/var/lib/pulse'];

/** Reads the trees of all hosts, or of these. */
export async function readTrees(lab: Lab, hosts: readonly string[] = lab.hosts.map(host => host.name)): Promise<Trees> {
  return new Map(await Promise.all(hosts.map(async host => [host, parseTree((await runOnHost(lab, host, SCRIPT)).stdout)] as const)));
}

/** What differs between two looks, one line for each path. */
export function treeChanges(before: Trees, after: Trees): readonly string[] {
  return [...before].flatMap(([host, old]) => {
    const now = after.get(host) ?? new Map<string, string>();
    const paths = [...new Set([...old.keys(), ...now.keys()])].sort();
    return paths.filter(path => old.get(path) !== now.get(path)).map(path => `${host}: ${path}: ${old.get(path) ?? 'not there'} -> ${now.get(path) ?? 'not there'}`);
  });
}

/** Type, mode, owner, time of the last change, target of a link; for files the hash as well. */
const SCRIPT = `exec 2>/dev/null
find ${ROOTS.join(' ')} -xdev \\( -path ${RESTLESS.join(' -o -path ')} \\) -prune -o -printf '%p\\t%y %m %U:%G %T@ %l\\n'
find ${ROOTS.join(' ')} -xdev \\( -path ${RESTLESS.join(' -o -path ')} \\) -prune -o -type f -size -4M -exec sha256sum {} + | sed 's/^\\([0-9a-f]*\\)  \\(.*\\)$/\\2\\t\\1/'
true`;

function parseTree(stdout: string): ReadonlyMap<string, string> {
  const tree = new Map<string, string>();
  for (const line of stdout.split('\n').filter(each => each !== '')) {
    const [path = '', said = ''] = line.split('\t');
    tree.set(path, `${tree.get(path) ?? ''}${said}`);
  }
  return tree;
}

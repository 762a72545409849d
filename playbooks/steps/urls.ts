/** Lists of URLs as flags hold them: `--etcd-servers`, `--initial-cluster`. Addresses are matched whole, never as text within text. */

/** The host of a URL or of `host:port`, without brackets; `undefined` where there is none. */
export function hostOf(url: string): string | undefined {
  try {
    const host = new URL(url.includes('://') ? url : `tcp://${url}`).hostname;
    return host === '' ? undefined : host.replace(/^\[|\]$/g, '').toLowerCase();
  } catch {
    return undefined;
  }
}

/** The port of a URL or of `host:port`. */
export function portOf(url: string): number | undefined {
  const match = /:(\d+)\/?$/.exec(url);
  return match === null ? undefined : Number(match[1]);
}

/** Are these the same host? IPv6 in any spelling, names in any case. */
export function sameHost(a: string, b: string): boolean {
  return canonical(a) === canonical(b);
}

/** `host:port`, an IPv6 address in brackets. */
export function hostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** `--etcd-servers` without the URLs of those who leave, the local one first. */
export function keptServers(flag: string, leaving: readonly string[], local: string): string[] {
  const urls = flag.split(',').map(url => url.trim()).filter(url => url !== '' && !isOneOf(url, leaving));
  const isLocal = (url: string): boolean => sameHost(hostOf(url) ?? '', local);
  return [...urls.filter(isLocal), ...urls.filter(url => !isLocal(url))];
}

/** `--initial-cluster` (`name=https://host:2380,...`) without those who leave. */
export function keptPeers(flag: string, leaving: readonly string[]): string[] {
  return flag.split(',').map(entry => entry.trim()).filter(entry => entry !== '' && !isOneOf(entry.slice(entry.indexOf('=') + 1), leaving));
}

/** Does the URL name one of these hosts? */
export function isOneOf(url: string, hosts: readonly string[]): boolean {
  const host = hostOf(url);
  return host !== undefined && hosts.some(each => sameHost(each, host));
}

function canonical(host: string): string {
  return hostOf(hostPort(host.replace(/^\[|\]$/g, ''), 1)) ?? host.toLowerCase();
}

/**
 * An inventory in TypeScript: names in `hosts` and `children` are checked when it compiles, and hosts can be computed.
 * Try it: `runsheet inventory -i inventory/example.ts 'web:&blue'`.
 */
import { inventory, type HostEntry } from '../core';

/** Twenty web servers, web01 to web20; every second one is blue. */
const web = Array.from({ length: 20 }, (_, i) => `web${String(i + 1).padStart(2, '0')}` as const);

const hosts: Record<`web${string}` | 'db1' | 'db2' | 'bastion', HostEntry> = {
  ...Object.fromEntries(web.map(name => [name, { address: `${name}.example.com` }])),
  db1: { address: '192.0.2.11', vars: { role: 'primary' } },
  db2: { address: '192.0.2.12', vars: { role: 'replica' } },
  bastion: { address: '2001:db8::1', port: 2222, become: false },
};

export default inventory({
  hosts,
  groups: {
    web: { hosts: web, vars: { http_port: 8080, server_names: ['www.example.com'] } },
    blue: { hosts: web.filter((_name, i) => i % 2 === 1), vars: { docroot: '/srv/blue' } },
    db: { hosts: ['db1', 'db2'], becomeUser: 'postgres' },
    production: { children: ['web', 'db'], user: 'deploy', become: true, vars: { environment: 'production' } },
  },
  vars: { environment: 'none', time_server: 'ntp.example.com' },
});

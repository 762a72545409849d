import { beforeAll, describe, expect, test } from 'vitest';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { planHosts } from '../../lab/lab';
import * as nginx from '../../modules/nginx';
import * as systemd from '../../modules/systemd';
import { closeTargets, hostTarget } from '../support/host-target';
import { carryOut, changesOnce, planned } from '../support/module';
import { useLab } from './support/lab';

const PREFIX = '/approot/data/k8s/kube-nginx';
const COMMAND = `${PREFIX}/sbin/kube-nginx -c ${PREFIX}/conf/kube-nginx.conf -p ${PREFIX}`;

/** The unit of the article. */
const UNIT = `[Unit]
Description=kube-apiserver nginx proxy
After=network.target
Wants=network-online.target

[Service]
Type=forking
ExecStartPre=${COMMAND} -t
ExecStart=${COMMAND}
ExecReload=${COMMAND} -s reload
PrivateTmp=true
Restart=always
RestartSec=5
StartLimitInterval=0
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`;

const CONF = `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
worker_processes 1;
events {
    worker_connections  1024;
}
error_log logs/error.log;
http {
    access_log off;
    server { listen 127.0.0.1:9095; return 200 a; }
    server { listen 127.0.0.1:9096; return 200 b; }
}
stream {
    upstream apiserver {
        hash $remote_addr$remote_port consistent;
        server 127.0.0.1:9095        max_fails=3 fail_timeout=30s;
        server 127.0.0.1:9096        max_fails=3 fail_timeout=30s;
    }
    server {
        listen 127.0.0.1:8443;
        proxy_connect_timeout 1s;
        proxy_pass apiserver;
    }
}
`;

const up = useLab({ plain: 1 }, {
  hosts: planHosts({ plain: 1 }).map(host => ({
    ...host,
    extraFiles: [
      { path: '/etc/systemd/system/kube-nginx.service', content: UNIT },
      { path: `${PREFIX}/conf/kube-nginx.conf`, content: CONF },
      { path: `${PREFIX}/logs/error.log`, content: '' },
      { path: `${PREFIX}/sbin/kube-nginx`, link: '/usr/sbin/nginx' },
    ],
  })),
});

let on: Target;
closeTargets();
beforeAll(async () => { on = await hostTarget(up(), 'p1'); });

const path = `${PREFIX}/conf/kube-nginx.conf`;
const where = { unit: 'kube-nginx' };
const conf = async (): Promise<string> => (await on.read(path)).toString();
/** Who answers twenty new connections through the proxy. */
const answering = async (): Promise<string> =>
  (await on.run(cmd`for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do curl -fsS http://127.0.0.1:8443/; echo; done | sort -u | tr -d '\n'`)).stdout;

describe('nginx of a unit', () => {
  test('is found with its own binary, prefix and configuration', async () => {
    await changesOnce(() => systemd.service({ unit: 'kube-nginx', state: 'started', boot: 'enabled' }), on);
    const { value } = await carryOut(nginx.upstreams(where), on);
    expect(value).toMatchObject({ binary: `${PREFIX}/sbin/kube-nginx`, prefix: PREFIX, config: path, files: [path], warnings: [] });
    expect(nginx.upstreamOf(value, 'apiserver')?.listens).toEqual(['127.0.0.1:8443']);
    expect(await answering()).toBe('ab');
  });

  test('a server is marked down, the reload takes effect, and both happen once', async () => {
    const make = (): ReturnType<typeof nginx.upstream> => nginx.upstream({ ...where, upstream: 'apiserver', servers: { '127.0.0.1:9096': { down: true }, '127.0.0.1:9095': { max_fails: 0 } }, backup: true });
    await changesOnce(make, on);
    expect(await conf()).toBe(CONF.replace('9095        max_fails=3', '9095        max_fails=0').replace(/9096 .*30s/, '$& down'));
    expect((await on.read(`${path}-bak-${on.runId}`)).toString()).toBe(CONF);
    const master = (await carryOut(systemd.unit(where), on)).value.mainPid;
    await changesOnce(() => nginx.inForce(where), on);
    expect(await answering()).toBe('a');
    expect((await carryOut(systemd.unit(where), on)).value).toMatchObject({ mainPid: master, active: 'active' });
    expect(await planned(systemd.current(where), on)).toEqual([]);
  });

  test('a reload that does not take effect is found out, and the old configuration still serves', async () => {
    await carryOut(nginx.config({ ...where, content: (await conf()).replace('listen 127.0.0.1:8443;', 'listen 127.0.0.1:8443;\n        listen 0.0.0.0:22;').replace(' down;', ';') }), on);
    expect((await on.run(cmd`${PREFIX}/sbin/kube-nginx -c ${path} -p ${PREFIX} -t; systemctl reload kube-nginx`)).code).toBe(0);
    expect(await answering()).toBe('a');
    await expect(carryOut(nginx.reload(where), on)).rejects.toThrow(/kube-nginx\.service did not take over the new configuration, the old one is still in force: .*bind\(\) to 0\.0\.0\.0:22 failed/);
    await expect(carryOut(nginx.inForce(where), on)).rejects.toThrow('did not take over');
    await carryOut(nginx.config({ ...where, content: CONF }), on);
    await changesOnce(() => nginx.inForce(where), on);
    expect(await answering()).toBe('ab');
  });

  test('a candidate that nginx refuses is not put in place', async () => {
    await expect(carryOut(nginx.config({ ...where, content: CONF.replace('8443;', '8443 nonsense;') }), on)).rejects.toThrow(/nginx refuses it: .*"nonsense".*kube-nginx\.conf:19/);
    expect(await conf()).toBe(CONF);
    expect((await on.run(cmd`ls -A ${PREFIX}/conf`)).stdout).not.toContain('.runsheet-');
  });

  test('says that it does not run', async () => {
    await carryOut(systemd.service({ ...where, state: 'stopped' }), on);
    await expect(carryOut(nginx.inForce(where), on)).rejects.toThrow('kube-nginx.service does not run');
  });
});

describe('nginx as Debian starts it', () => {
  test('is found by what it was built with', async () => {
    const { value } = await carryOut(nginx.upstreams({ unit: 'nginx' }), on);
    expect(value).toMatchObject({ binary: '/usr/sbin/nginx', prefix: '/usr/share/nginx', config: '/etc/nginx/nginx.conf', upstreams: [] });
    expect(value.files).toContain('/etc/nginx/sites-enabled/default');
  });

  test('gets an upstream of its own and reloads', async () => {
    await on.run(cmd`rm /etc/nginx/sites-enabled/default`);
    await carryOut(systemd.service({ unit: 'nginx', state: 'started' }), on);
    const file = '/etc/nginx/conf.d/app.conf';
    const content = 'upstream app { server 127.0.0.1:9001; server 127.0.0.1:9002; }\nserver { listen 127.0.0.1:8080; location / { proxy_pass http://app/; } }\n';
    await changesOnce(() => nginx.config({ unit: 'nginx', path: file, content }), on);
    await changesOnce(() => nginx.upstream({ unit: 'nginx', upstream: 'app', servers: { '127.0.0.1:9002': 'absent' } }), on);
    await changesOnce(() => nginx.inForce({ unit: 'nginx' }), on);
    expect(nginx.upstreamOf((await carryOut(nginx.upstreams({ unit: 'nginx' }), on)).value, 'app')).toMatchObject({ listens: ['127.0.0.1:8080'], servers: [{ address: '127.0.0.1:9001' }] });
    expect((await on.run(cmd`curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/`)).stdout).toBe('502');
  });

  test('refuses a unit that is no nginx', async () => {
    await expect(carryOut(nginx.upstreams({ unit: 'ssh' }), on)).rejects.toThrow('which is not nginx itself');
  });
});

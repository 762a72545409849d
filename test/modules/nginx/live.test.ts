/** The nginx module against a real nginx, a throw-away process on free loopback ports. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Foreseen } from '../../../core/foreseen';
import * as nginx from '../../../modules/nginx';
import { localTarget } from '../../support/local-target';
import { applyAndTakeBack, carryOut, changesOnce, planned } from '../../support/module';

const BINARY = '/usr/sbin/nginx';
const on = localTarget();

/** Servers that say their names. */
const servers: Server[] = [];
const ports: Record<string, number> = {};
let prefix = '';
let listen = 0;
let master: ChildProcess | undefined;

beforeAll(async () => {
  for (const name of ['a', 'b', 'c']) {
    const server = createServer(socket => socket.on('error', () => undefined).end(name));
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    ports[name] = (server.address() as AddressInfo).port;
  }
});
afterAll(() => { for (const server of servers) server.close(); });

beforeEach(async () => {
  prefix = mkdtempSync(join(tmpdir(), 'runsheet-nginx-'));
  listen = await freePort();
  for (const directory of ['conf', 'conf/streams', 'logs']) mkdirSync(join(prefix, directory));
  writeFileSync(join(prefix, 'conf/nginx.conf'), mainConf());
  writeFileSync(join(prefix, 'conf/streams/api.conf'), apiConf());
  master = spawn(BINARY, ['-p', prefix, '-c', 'conf/nginx.conf', '-g', 'daemon off;'], { stdio: 'ignore' });
  while (!existsSync(join(prefix, 'logs/nginx.pid'))) await new Promise(resolve => setTimeout(resolve, 10));
  // The start of a process is known to some hundredths of a second; edits that follow must be newer beyond doubt.
  await new Promise(resolve => setTimeout(resolve, 100));
});
afterEach(async () => {
  master?.kill();
  if (master?.exitCode === null) await once(master, 'exit');
  rmSync(prefix, { recursive: true });
});

const mainConf = (): string => `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
worker_processes 2;
error_log logs/error.log;
pid logs/nginx.pid;
events { worker_connections 64; }
stream {
    include streams/*.conf;   # one file for each service
}
`;
const apiConf = (): string => `upstream api {
    # the first one is ours
    server 127.0.0.1:${ports['a']}   max_fails=3 fail_timeout=30s;
    server 127.0.0.1:${ports['b']}   max_fails=3 fail_timeout=30s;
}
server { listen 127.0.0.1:${listen}; proxy_pass api; }
`;
const where = (): { binary: string; prefix: string; config: string } => ({ binary: BINARY, prefix, config: join(prefix, 'conf/nginx.conf') });
const at = (name: string): string => `127.0.0.1:${ports[name] ?? 0}`;
const api = (): string => readFileSync(join(prefix, 'conf/streams/api.conf'), 'utf8');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** Who answers ten new connections through the proxy. */
async function answering(): Promise<string> {
  const names = new Set<string>();
  for (let i = 0; i < 10; i += 1) {
    names.add(await new Promise<string>((resolve, reject) => {
      let text = '';
      connect(listen, '127.0.0.1').on('data', chunk => { text += chunk.toString(); }).on('close', () => resolve(text)).on('error', reject);
    }));
  }
  return [...names].sort().join('');
}

describe('nginx.upstreams', () => {
  test('reads what the binary would read', async () => {
    const { value } = await carryOut(nginx.upstreams(where()), on);
    expect(value).toMatchObject({ prefix, files: [join(prefix, 'conf/nginx.conf'), join(prefix, 'conf/streams/api.conf')], warnings: [] });
    expect(nginx.upstreamOf(value, 'api')).toMatchObject({ context: 'stream', listens: [`127.0.0.1:${listen}`], servers: [{ address: at('a') }, { address: at('b') }] });
    expect(nginx.upstreamOf(value, 'nope')).toBeUndefined();
  });

  test('says what cannot be read', async () => {
    await expect(carryOut(nginx.upstreams({ ...where(), config: join(prefix, 'none.conf') }), on)).rejects.toThrow('none.conf does not exist');
    await expect(carryOut(nginx.upstreams({ ...where(), binary: '/bin/true' }), on)).rejects.toThrow('is not nginx itself');
    writeFileSync(join(prefix, 'conf/streams/bad.conf'), 'include ../missing;\n');
    await expect(carryOut(nginx.upstreams(where()), on)).rejects.toThrow('bad.conf:1 includes ');
  });
});

describe('nginx.upstream and nginx.inForce', () => {
  test('new connections avoid a server that is down, once', async () => {
    expect(await answering()).toBe('ab');
    const { changes } = await changesOnce(() => nginx.upstream({ ...where(), upstream: 'api', servers: { [at('a')]: { down: true }, [at('b')]: { max_fails: 0 } }, backup: true }), on);
    expect(changes.map(change => change.property)).toEqual([at('a'), at('b')]);
    expect(api()).toBe(apiConf().replace(`${ports['a']}   max_fails=3 fail_timeout=30s`, '$& down').replace(`${ports['b']}   max_fails=3`, `${ports['b']}   max_fails=0`));
    expect(readFileSync(join(prefix, `conf/streams/api.conf-bak-${on.runId}`), 'utf8')).toBe(apiConf());
    expect(await answering()).toBe('ab');
    const { changes: [done] } = await changesOnce(() => nginx.inForce(where()), on);
    expect(done?.to).toContain('newer than its workers: ');
    expect(await answering()).toBe('b');
    expect(readdirSync(join(prefix, 'conf'), { recursive: true }).filter(name => String(name).includes('.runsheet-'))).toEqual([]);
  });

  test('adds, removes and puts back servers', async () => {
    await changesOnce(() => nginx.upstream({ ...where(), upstream: 'api', servers: { [at('c')]: { weight: 2 }, [at('a')]: 'absent', [at('b')]: 'absent' } }), on);
    await carryOut(nginx.reload(where()), on);
    expect(await answering()).toBe('c');
    const before = api();
    await applyAndTakeBack(nginx.upstream({ ...where(), upstream: 'api', servers: { [at('a')]: {} } }), on);
    expect(api()).toBe(before);
  });

  test('leaves everything as it is where nginx refuses the candidate', async () => {
    const action = nginx.upstream({ ...where(), upstream: 'api', servers: { [at('a')]: { no_such: 1 } } });
    await expect(carryOut(action, on)).rejects.toThrow(/not put in place, nginx refuses it: .*invalid parameter "no_such=1" in .*\/conf\/streams\/api\.conf:3/);
    expect(api()).toBe(apiConf());
    expect(readdirSync(join(prefix, 'conf'), { recursive: true }).filter(name => String(name).includes('.runsheet-'))).toEqual([]);
  });

  test('refuses what would leave no live server, and an upstream that is not there', async () => {
    await expect(planned(nginx.upstream({ ...where(), upstream: 'api', servers: { [at('a')]: { down: true }, [at('b')]: 'absent' } }), on)).rejects.toThrow('without a live server');
    await expect(planned(nginx.upstream({ ...where(), upstream: 'web', servers: {} }), on)).rejects.toThrow('there is no upstream "web" in ' + join(prefix, 'conf/nginx.conf') + '; it has: api (stream)');
    expect(nginx.upstream({ ...where(), upstream: 'api', servers: { 'a;b': {}, 'c': { x: 'y z' } } }).problems).toHaveLength(2);
  });
});

describe('nginx.reload', () => {
  test('finds out that the new configuration is not in force', async () => {
    writeFileSync(join(prefix, 'conf/streams/taken.conf'), `server { listen ${at('a')}; proxy_pass api; }\n`);
    await expect(carryOut(nginx.reload(where()), on)).rejects.toThrow(/did not take over the new configuration, the old one is still in force: .*error\.log: .*bind\(\) to .* failed/);
    expect(await planned(nginx.inForce(where()), on)).toHaveLength(1);
  });

  test('refuses to reload what nginx does not accept', async () => {
    writeFileSync(join(prefix, 'conf/streams/bad.conf'), 'nonsense;\n');
    await expect(carryOut(nginx.reload(where()), on)).rejects.toThrow('is not reloaded, nginx refuses its configuration: unknown directive "nonsense" in ');
  });

  test('says that it does not run', async () => {
    const elsewhere = { ...where(), config: join(prefix, 'conf/other.conf') };
    writeFileSync(elsewhere.config, mainConf().replace('nginx.pid', 'other.pid'));
    await expect(carryOut(nginx.inForce(elsewhere), on)).rejects.toThrow('does not run');
  });

  test('counts files that workers read besides', async () => {
    const file = join(prefix, 'key');
    writeFileSync(file, 'x');
    expect(await planned(nginx.inForce(where()), on)).toEqual([]);
    await changesOnce(() => nginx.inForce({ ...where(), files: [file] }), on);
    await expect(planned(nginx.inForce({ ...where(), files: ['/none'] }), on)).rejects.toThrow('/none is not there');
  });

  test('with pending reloads no more often, and is foretold where a planned change cannot say what it leaves behind', async () => {
    const make = (): ReturnType<typeof nginx.inForce> => nginx.inForce({ ...where(), pending: true });
    writeFileSync(join(prefix, 'conf/streams/b.conf'), `upstream b { server ${at('b')}; }\n`);
    await changesOnce(make, on);
    const foreseen = new Foreseen();
    foreseen.tick();
    expect(await planned(make(), { ...on, foreseen })).toEqual([]);
    foreseen.lose();
    expect(await planned(make(), { ...on, foreseen })).toMatchObject([{ to: expect.stringContaining('its configuration changes') as string }]);
  });
});

describe('nginx.config', () => {
  const template = (): string => {
    writeFileSync(join(prefix, 'api.hbs'), 'upstream api {\n{{#each servers}}\n    server {{this}};\n{{/each}}\n}\nserver { listen {{listen}}; proxy_pass api; }\n');
    return join(prefix, 'api.hbs');
  };

  test('puts an included file in place from a template', async () => {
    const make = (): ReturnType<typeof nginx.config> => nginx.config({
      ...where(), path: join(prefix, 'conf/streams/api.conf'), template: template(), values: { servers: [at('c')], listen: `127.0.0.1:${listen}` }, backup: true,
    });
    const { changes } = await changesOnce(make, on);
    expect(changes[0]?.diff).toContain(`+    server ${at('c')};`);
    await changesOnce(() => nginx.inForce(where()), on);
    expect(await answering()).toBe('c');
  });

  test('puts the main file, and a new file, in place', async () => {
    await changesOnce(() => nginx.config({ ...where(), content: mainConf().replace('worker_processes 2', 'worker_processes 1') }), on);
    await changesOnce(() => nginx.config({ ...where(), path: join(prefix, 'conf/streams/b.conf'), content: `upstream other { server ${at('b')}; }\n` }), on);
    await changesOnce(() => nginx.config({ ...where(), path: join(prefix, 'conf/later.conf'), content: 'upstream later { server x; }\n' }), on);
    expect(on.said.at(-1)).toContain('later.conf yet, so nginx cannot check it');
    await changesOnce(() => nginx.inForce(where()), on);
    await applyAndTakeBack(nginx.config({ ...where(), path: join(prefix, 'conf/streams/c.conf'), content: '# nothing\n' }), on);
    expect(readdirSync(join(prefix, 'conf/streams')).sort()).toEqual(['api.conf', 'b.conf']);
  });

  test.each([
    ['what cannot be parsed', 'upstream api { server x;\n', /api\.conf:1: this block is not closed/],
    ['an upstream without a live server', 'upstream api { server x down; }\n', /the upstream "api" \(.*api\.conf:1\) has no live server/],
    ['what nginx refuses', 'upstream api { server 127.0.0.1:1; } server { proxy_pass api; }\n', /nginx refuses it: .*no "listen" is defined for server in .*api\.conf:1/],
  ])('refuses %s', async (_name, content, message) => {
    await expect(carryOut(nginx.config({ ...where(), path: join(prefix, 'conf/streams/api.conf'), content }), on)).rejects.toThrow(message);
    expect(api()).toBe(apiConf());
  });

  test('a template\'s mistakes are problems of the call', () => {
    const { problems } = nginx.config({ ...where(), template: template(), values: {} });
    expect(problems.join()).toContain('listen');
  });
});

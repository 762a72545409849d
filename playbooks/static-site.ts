/**
 * Serves a folder of each web server by its nginx. Port, names and folder may differ by host; one host after the other, and the next one only once
 * this one answers.
 *
 *     runsheet inventory host web01 -i inventory/example.ts --playbook playbooks/static-site.ts
 *     runsheet run playbooks/static-site.ts -i inventory/example.ts --limit web01 --check
 */
import { join } from 'node:path';
import { z } from 'zod';
import { hostVars, play, playbook, runIfMain, task, type PlaybookContext, type Play } from '../core';
import { names } from '../core/vars';
import * as file from '../modules/file';
import * as nginx from '../modules/nginx';
import * as systemd from '../modules/systemd';
import * as wait from '../modules/wait';

const web = hostVars('web', z.strictObject({
  http_port: z.number().int().min(1).max(65_535).default(80).describe('where nginx listens'),
  server_names: names().describe('the names that the site answers to'),
  docroot: z.string().startsWith('/').default('/srv/www').describe('the folder that is served'),
}));

const schema = z.strictObject({ unit: z.string().default('nginx').describe('the unit that runs nginx; its configuration includes /etc/nginx/conf.d/*.conf') });

export default playbook({
  name: 'Static site',
  description: 'Serves a folder of each web server by nginx, host after host. Group: web.',
  vars: schema,
  hostVars: web,
  plays: ({ vars }) => [site(vars)],
});

function site({ unit }: PlaybookContext<z.output<typeof schema>>['vars']): Play {
  const folder = task('Make the folder', ({ host }) => file.directory({ path: web.of(host).docroot }));
  const conf = task('Write the site', ({ host }) => nginx.config({
    unit, path: '/etc/nginx/conf.d/static-site.conf', template: join(__dirname, 'static-site/site.conf.hbs'), values: { ...web.of(host), host: host.name },
  }));
  const running = task('Run nginx, also after a boot', systemd.service({ unit, state: 'started', boot: 'enabled' }));
  const inForce = task('Let it serve the site', nginx.inForce({ unit }));
  const answers = task('It answers', ({ host }) => {
    const { http_port: port, server_names: [name = 'localhost'] } = web.of(host);
    return wait.http({ url: `http://127.0.0.1:${port}/healthz`, headers: { host: name }, until: ({ body }) => body.trim() === host.name });
  });
  return play({ name: 'Site', hosts: 'web', become: true, strategy: 'rolling', tasks: [folder, conf, running, inForce], rolling: { gate: [answers] } });
}

runIfMain(module);

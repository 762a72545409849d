/** Every module of `nginx`: an upstream edited twice, a file that is included, reloads. */
import { handler, play, playbook, task } from '../../../core';
import * as file from '../../../modules/file';
import * as nginx from '../../../modules/nginx';

const where = { unit: 'nginx' };
const force = handler('Bring it into force', nginx.inForce(where));
const reloaded = task('In force', nginx.inForce(where));
const read = task('Read the upstreams', nginx.upstreams(where));

const tasks = [
  task('One down', nginx.upstream({ ...where, upstream: 'app', servers: { '127.0.0.1:9095': { down: true } }, backup: true }), { notify: force }),
  task('Still down', nginx.upstream({ ...where, upstream: 'app', servers: { '127.0.0.1:9095': { down: true } } })),
  reloaded,
  task('Tell of the reload', ({ reloaded: { changed } }) => file.copy({ path: '/etc/reloaded', content: `${changed}\n` }), { uses: { reloaded } }),
  task('Nothing to do', nginx.inForce(where)),
  task('Up again', nginx.upstream({ ...where, upstream: 'app', servers: { '127.0.0.1:9095': { down: false }, '127.0.0.1:9096': { weight: 2 } }, backup: true })),
  task('In force again', nginx.inForce(where)),
  task('Write an included file', nginx.config({ ...where, path: '/etc/nginx/conf.d/more.conf', content: 'upstream more {\n    server 127.0.0.1:9095;\n}\n' })),
  task('Another one', file.copy({ path: '/etc/nginx/conf.d/third.conf', content: 'upstream third { server 127.0.0.1:9096; }\n' }), { notify: force }),
  task('Edit the included one', nginx.upstream({ ...where, upstream: 'more', servers: { '127.0.0.1:9096': {} } })),
  read,
  task('Tell of them', ({ read: { upstreams } }) => file.copy({ path: '/etc/upstreams', content: upstreams.map(each => `${each.name}: ${each.servers.map(server => server.address).join(' ')}\n`).join('') }), { uses: { read } }),
  task('Reload in any case', nginx.reload(where)),
];

export default playbook({ name: 'nginx', plays: [play({ name: 'nginx', hosts: 'all', become: true, tasks })] });

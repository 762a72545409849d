/** The modules of `pki` that need no cluster: a CA, and a certificate from it. */
import { play, playbook, task } from '../../../core';
import * as file from '../../../modules/file';
import * as pki from '../../../modules/pki';

const ca = { cert: '/etc/ca/ca.pem', key: '/etc/ca/ca-key.pem', config: '/etc/ca/ca-config.json' };
const web = { cert: '/etc/ca/web.pem', key: '/etc/ca/web-key.pem' };
const authority = task('Read the CA', pki.authority(ca));
const known = task('Look at its certificate', pki.certificate({ path: ca.cert }));
const key = task('Look at its key', pki.key({ path: ca.key }));
const issued = task('Look at the new one', pki.certificate({ path: web.cert }));

const tasks = [
  authority, known, key,
  task('Tell of the CA', ({ known: { leaf }, key: { sha256 } }) => file.copy({ path: '/etc/ca/told', content: `${leaf.subject.text} ${sha256}\n` }), { uses: { known, key } }),
  task('Issue a certificate', ({ authority: from }) => pki.issue({ csr: { CN: 'web', hosts: ['www.example.com'] }, ca: from, ...web }), { uses: { authority } }),
  issued,
  task('Tell of it', ({ issued: { leaf } }) => file.copy({ path: '/etc/ca/issued', content: `${leaf.subject.text}\n` }), { uses: { issued } }),
];

export default playbook({ name: 'Keys', plays: [play({ name: 'keys', hosts: 'all', become: true, tasks })] });

import { expect, test } from 'vitest';
import { parseKnownHosts } from '../../core/transport/known-hosts';
import { MOST, crowdTargets } from '../../bench/crowd/host';
import { differences } from '../../bench/hosts';
import { placeTexts } from '../../bench/places';

test('an inventory and the keys of the hosts in it', () => {
  const { inventory, knownHosts } = placeTexts([{ name: 'p1', address: '127.2.0.1', hostKey: 'ssh-ed25519 AAAA' }], { user: 'root', keyFile: '/k', knownHosts: '/h' });
  expect(inventory.split('\n')).toEqual(['[plain]', 'p1 ansible_host=127.2.0.1', '', '[all:vars]', 'ansible_user=root', 'ansible_ssh_private_key_file=/k', 'ansible_ssh_common_args=-o UserKnownHostsFile=/h', '']);
  expect(parseKnownHosts(knownHosts, '/h')).toMatchObject([{ names: '127.2.0.1', type: 'ssh-ed25519', key: 'AAAA' }]);
});

test('a thousand addresses of the loopback network, no two alike', () => {
  const addresses = crowdTargets(1000, '').map(({ address }) => address);
  expect([addresses[0], addresses[249], addresses[250], addresses[999]]).toEqual(['127.1.0.1', '127.1.0.250', '127.1.1.1', '127.1.3.250']);
  expect(new Set(addresses).size).toBe(1000);
  expect(crowdTargets(MOST + 1, '')).toHaveLength(MOST);
});

test('hosts that were left otherwise than by the peer before are named, with the first line that differs', () => {
  const expected = new Map<string, string>();
  expect(differences(new Map([['p1', 'a\nb'], ['p2', 'a']]), 'v1', expected)).toEqual([]);
  expect(differences(new Map([['p1', 'a\nc'], ['p2', 'a']]), 'v1', expected)).toEqual(['p1 has "c", not "b"']);
  expect(differences(new Map([['p1', 'a']]), 'v1', expected)).toEqual(['p1 has no "b"']);
  expect(differences(new Map([['p1', 'other']]), 'v2', expected)).toEqual([]);
});

/**
 * The five hosts of the lab, with the names and addresses of the article. How to log in is known by the lab's own inventory, whose path
 * `npm run lab -- status` prints; it is given as a second one: `-i inventory/lab.ts -i PATH`.
 */
import { inventory } from '../core';

export default inventory({
  hosts: {
    m1: { address: '172.72.0.95' },
    m2: { address: '172.72.0.96' },
    m3: { address: '172.72.0.97' },
    n1: { address: '172.72.0.98' },
    n2: { address: '172.72.0.99' },
  },
  groups: {
    masters: { hosts: ['m1', 'm2', 'm3'] },
    nodes: { hosts: ['n1', 'n2'] },
    cluster: { children: ['masters', 'nodes'] },
  },
});

import { describe, expect, test } from 'vitest';
import { statOf } from '../../core/path-facts';

describe('statOf', () => {
  test.each([
    ['names of a plain host', '81a4 0 0 3 1795367523 2026-11-22 17:12:03.123456789 +0000/root/adm', { owner: 'root', group: 'adm' }],
    ['names with blanks', '81a4 0 0 3 1795367523 2026-11-22 17:12:03.123456789 +0000/CORP\\jane doe/domain users', { owner: 'CORP\\jane doe', group: 'domain users' }],
  ])('reads %s', (_name, line, names) => {
    expect(statOf([{ what: 'stat', value: Buffer.from(line) }])).toEqual({ type: 'file', mode: 0o644, raw: '81a4', uid: 0, gid: 0, size: 3, seconds: 1795367523, time: '2026-11-22 17:12:03.123456789 +0000', ...names });
  });
});

import { describe, expect, test } from 'vitest';
import type { UnitTexts } from '../../../modules/systemd/effective';
import { editVariable } from '../../../modules/systemd/variable-edit';

const NAME = 'ETCD_INITIAL_CLUSTER';
const OLD = 'm1=https://10.0.0.1:2380,m2=https://10.0.0.2:2380';
const NEW = 'm1=https://10.0.0.1:2380';
const unit = (setting: string, environment?: string): UnitTexts => ({
  unit: 'etcd.service', files: [{ path: '/u', text: `[Service]\n${setting}\nExecStart=/etcd\n` }],
  environmentFiles: environment === undefined ? [] : [{ path: '/e', text: environment }],
});

describe('editVariable', () => {
  test.each([
    ['a plain line', `# who\n${NAME}=${OLD}  \nETCD_NAME=m1\n`, `# who\n${NAME}=${NEW}  \nETCD_NAME=m1\n`],
    ['quotes', `${NAME}="${OLD}"\n`, `${NAME}="${NEW}"\n`],
    ['the last of two', `${NAME}=x\n${NAME}='${OLD}'\n`, `${NAME}=x\n${NAME}='${NEW}'\n`],
    ['no line end', `ETCD_NAME=m1\r\n${NAME}=${OLD}`, `ETCD_NAME=m1\r\n${NAME}=${NEW}`],
  ])('changes nothing but the value: %s', (_name, before, after) => {
    const texts = unit('EnvironmentFile=/e', before);
    expect(editVariable(texts, { variable: NAME, value: NEW })).toMatchObject({ path: '/e', from: OLD, to: NEW, after });
    expect(editVariable(unit('EnvironmentFile=/e', after), { variable: NAME, value: NEW })).toBeUndefined();
  });

  test('edits Environment= of the unit', () => {
    const edit = editVariable(unit(`Environment="${NAME}=${OLD}" ETCD_NAME=m1`), { variable: NAME, value: NEW });
    expect(edit).toMatchObject({ path: '/u', line: 2, after: `[Service]\nEnvironment="${NAME}=${NEW}" ETCD_NAME=m1\nExecStart=/etcd\n` });
  });

  test.each([
    ['a variable that is not set', unit('User=etcd'), NEW, /does not set ETCD_INITIAL_CLUSTER/],
    ['a value that needs quotes', unit('EnvironmentFile=/e', `${NAME}=${OLD}\n`), 'a b', /^\/e:1: "a b" would need quotes/],
    ['a value in pieces', unit('EnvironmentFile=/e', `${NAME}="m1=https:"'//10.0.0.2:2380'\n`), NEW, /^\/e:1: .* cannot be edited/],
    ['a value that a flag uses too', { ...unit(`Environment=${NAME}=${OLD}`), files: [{ path: '/u', text: `[Service]\nEnvironment=${NAME}=${OLD}\nExecStart=/etcd --x=\${${NAME}}\n` }] }, NEW, /cannot be edited/],
  ])('refuses %s', (_name, texts, value, reason) => {
    expect(() => editVariable(texts, { variable: NAME, value })).toThrow(reason);
  });
});

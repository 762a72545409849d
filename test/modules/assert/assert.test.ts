import { describe, expect, test } from 'vitest';
import * as assert from '../../../modules/assert';
import * as confirm from '../../../modules/confirm';
import { localTarget } from '../../support/local-target';
import { carryOut } from '../../support/module';

const on = localTarget();

describe('assert.that', () => {
  test('holds or says why not, and what to do', async () => {
    expect((await carryOut(assert.that({ that: true, message: 'never said' }), on)).value).toBe(true);
    await expect(carryOut(assert.that({ that: false, message: 'two masters would be left' }), on)).rejects.toThrow(/^two masters would be left$/);
    await expect(carryOut(assert.that({ that: false, message: 'no quorum', hint: 'start m2 first' }), on)).rejects.toThrow('no quorum\nstart m2 first');
    expect(assert.that({ that: true, message: ' ' }).problems).toHaveLength(1);
  });

  test('sends nothing and waits for nothing', () => {
    const action = assert.that({ that: true, message: 'x' });
    expect(action).toMatchObject({ kind: 'check', effect: 'read', look: { kind: 'live' }, patience: undefined });
  });
});

describe('assert.none', () => {
  test('holds where there is no problem, else tells all', async () => {
    expect((await carryOut(assert.none({ problems: [], message: 'not ready' }), on)).value).toBe(true);
    await expect(carryOut(assert.none({ problems: ['m2 is down', 'm3 has an alarm'], message: 'not ready' }), on))
      .rejects.toThrow('not ready:\n- m2 is down\n- m3 has an alarm');
    expect(assert.none({ problems: [], message: '' }).problems).toHaveLength(1);
  });
});

describe('confirm.ask', () => {
  test('is a question with a text', async () => {
    const action = confirm.ask({ text: 'Take m3 out of the cluster?' });
    expect(action).toMatchObject({ kind: 'confirm', text: 'Take m3 out of the cluster?', effect: 'read' });
    expect((await carryOut(action, on)).value).toBe(true);
    expect(confirm.ask({ text: '' }).problems).toHaveLength(1);
  });
});

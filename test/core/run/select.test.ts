import { describe, expect, test } from 'vitest';
import { block, handler, play, playbook, task } from '../../../core';
import { PlaybookError } from '../../../core/errors';
import { readEntries } from '../../../core/inventory/define';
import { newDraft } from '../../../core/inventory/draft';
import { mergeDraft } from '../../../core/inventory/merge';
import type { Selection } from '../../../core/run/job';
import { planRun } from '../../../core/run/plan';
import { text } from './modules';

const draft = newDraft();
readEntries(draft, { hosts: { h1: {} } }, 'test');
const inventory = mergeDraft(draft, ['test']);
const look = text({ path: '/etc/motd' });

const restart = handler('Restart', look);
const seen = task('Seen', look);
const book = playbook({ name: 'P', plays: [
  play({ name: 'one', hosts: 'all', tasks: [
    seen, task('Always', look, { tags: ['always'] }), task('Never', look, { tags: ['never', 'danger'] }), task('Plain', look, { tags: ['web'] }),
    block('B', { tasks: [task('First', look), task('Second', look, { notify: restart })], always: [task('End', look)] }),
  ] }),
  play({ name: 'two', hosts: 'all', tasks: [task('Use', () => look, { uses: { seen }, tags: ['use'] })] }),
] });

/** Names of what runs, or the problems. */
function chosen(selection: Partial<Selection>): readonly string[] {
  try {
    const { plays } = planRun({ runId: 'r', playbook: book, vars: {}, inventory, selection: { tags: [], skipTags: [], ...selection } });
    return plays.flatMap(one => [...one.tasks, ...one.handlers]).filter(one => one.selected).map(one => one.name);
  } catch (error) {
    if (error instanceof PlaybookError) return error.problems;
    throw error;
  }
}

describe('the tags always and never', () => {
  test.each<[string, Partial<Selection>, readonly string[]]>([
    ['without --tags all but never run', {}, ['Seen', 'Always', 'Plain', 'First', 'Second', 'End', 'Restart', 'Use']],
    ['always runs beside what is asked for', { tags: ['web'] }, ['Always', 'Plain']],
    ['never runs where one of its tags is asked for', { tags: ['danger'] }, ['Always', 'Never']],
    ['or never itself', { tags: ['never'] }, ['Always', 'Never']],
    ['always can be skipped by name', { tags: ['web'], skipTags: ['always'] }, ['Plain']],
  ])('%s', (_name, selection, names) => {
    expect(chosen(selection)).toEqual(names);
  });
});

describe('--start-at', () => {
  test.each<[string, Partial<Selection>, readonly string[]]>([
    ['leaves out what stands before, but not what is used later', { startAt: 'one/Plain' }, ['Seen', 'Plain', 'First', 'Second', 'End', 'Restart', 'Use']],
    ['begins inside a block', { startAt: 'one/B/Second' }, ['Seen', 'Second', 'End', 'Restart', 'Use']],
    ['begins in a later play', { startAt: 'two/Use' }, ['Seen', 'Use']],
    ['leaves out what is tagged always, too', { startAt: 'one/B/always/End' }, ['Seen', 'End', 'Use']],
    ['goes together with tags', { startAt: 'one/Plain', tags: ['use'] }, ['Seen', 'Use']],
    ['a wrong id', { startAt: 'one/Plian' }, ['--start-at one/Plian: no task of this playbook has this id; did you mean "one/Plain"? (--list-tasks prints them)']],
    ['a name', { startAt: 'Second' }, ['--start-at Second: no task of this playbook has this id; did you mean "one/B/Second"? (--list-tasks prints them)']],
    ['something else', { startAt: 'nowhere' }, ['--start-at nowhere: no task of this playbook has this id (--list-tasks prints them)']],
    ['a handler', { startAt: 'one/handlers/Restart' }, ['--start-at one/handlers/Restart: that is a handler, which runs only where a task notifies it']],
    ['nothing left', { startAt: 'two/Use', tags: ['web'], skipTags: ['always'] }, ['--tags and --skip-tags leave no task of this playbook from --start-at on']],
  ])('%s', (_name, selection, names) => {
    expect(chosen(selection)).toEqual(names);
  });
});

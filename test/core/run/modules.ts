/** A few tiny modules on real files, for the tests of the engine. */
import { check, command, live, probe, query, resource, type Confirm } from '../../../core/module';
import { cmd } from '../../../core/transport/command';

/** The text of a file, `''` where there is none. */
export const text = query({
  name: 'test.text',
  subject: ({ path }: { readonly path: string }) => path,
  inspect: ({ path }) => probe(cmd`cat ${path} 2>/dev/null || :`, result => result.stdout),
});

/** Calls a function when its turn has come: what happens to a run meanwhile. */
export const meanwhile = query({
  name: 'test.meanwhile',
  subject: () => 'meanwhile',
  inspect: (call: () => void) => live(() => {
    call();
    return Promise.resolve(true);
  }),
});

/** Prints what a command prints; fails as it does. What it runs may do anything, so it is never sent ahead. */
export const output = query({
  name: 'test.output',
  subject: ({ script }: { readonly script: string }) => script,
  inspect: ({ script }) => live(async on => (await on.run(cmd`sh -c ${script}`)).stdout.trim()),
});

interface Content { readonly path: string; readonly text: string }

/** A file with this text; its value is the text, which can be predicted. */
export const content = resource({
  name: 'test.content',
  subject: ({ path }: Content) => path,
  validate: ({ path }) => (path.startsWith('/') ? [] : [`the path "${path}" is not absolute`]),
  inspect: ({ path }) => probe(cmd`cat ${path}`, ({ code, stdout }) => (code === 0 ? stdout : null), [0, 1]),
  diff: (is, { path, text: want }) => (is === want ? [] : [{ resource: path, property: 'content', from: is, to: want }]),
  apply: async (on, { params }) => { await on.run(cmd`printf %s ${params.text} > ${params.path}`); },
  value: is => is ?? '',
  predict: (_is, params) => params.text,
});

/** The same with a value that nobody can predict. */
export const opaque = resource({
  name: 'test.opaque',
  subject: ({ path }: Content) => path,
  inspect: ({ path }) => probe(cmd`cat ${path}`, ({ code, stdout }) => (code === 0 ? stdout : null), [0, 1]),
  diff: (is, { path, text: want }) => (is === want ? [] : [{ resource: path, property: 'content', from: is, to: want }]),
  apply: async (on, { params }) => { await on.run(cmd`printf %s ${params.text} > ${params.path}`); },
  value: is => is ?? '',
});

/** A file with this text, and only whether that changed as its value. */
export const plain = resource({
  name: 'test.plain',
  subject: ({ path }: Content) => path,
  inspect: ({ path }) => probe(cmd`cat ${path}`, ({ code, stdout }) => (code === 0 ? stdout : null), [0, 1]),
  diff: (is, { path, text: want }) => (is === want ? [] : [{ resource: path, property: 'content', from: is, to: want }]),
  apply: async (on, { params }) => { await on.run(cmd`printf %s ${params.text} > ${params.path}`); },
});

/** Runs a script and is never satisfied. */
export const stubborn = resource({
  name: 'test.stubborn',
  subject: ({ path }: { readonly path: string; readonly script?: string }) => path,
  inspect: () => live(() => Promise.resolve('as before')),
  diff: (is, { path }) => [{ resource: path, property: 'mood', from: is, to: 'better' }],
  apply: async (on, { params }) => { await on.run(cmd`sh -c ${params.script ?? ':'}`); },
});

/** Appends a line to a file, every time. */
export const append = command({
  name: 'test.append',
  subject: ({ path }: { readonly path: string; readonly line: string; readonly needed?: boolean; readonly lies?: boolean }) => path,
  before: ({ path }) => probe(cmd`cat ${path} 2>/dev/null || :`, result => result.stdout),
  describe: (_before, { line, path, needed = true }) => (needed ? `append "${line}" to ${path}` : undefined),
  run: async (on, { params, before }) => {
    if (params.lies !== true) await on.run(cmd`printf '%s\n' ${params.line} >> ${params.path}`);
    return `${before}${params.line}`;
  },
  verify: async (on, { params }) => ((await on.read(params.path)).toString().includes(params.line) ? true : `${params.path} has no line "${params.line}"`),
  idle: before => before,
});

/** Runs a script as a user's command does, on a channel of its own. */
export const script = command({
  name: 'test.script',
  subject: ({ run }: { readonly run: string }) => run,
  before: () => live(() => Promise.resolve(undefined)),
  describe: (_before, { run }) => `run ${run}`,
  run: async (on, { params }) => (await on.run(cmd`sh -c ${params.run}`, { channel: 'own' })).stdout,
  verify: () => Promise.resolve(true),
  idle: () => '',
});

/** A file holds this text. */
export const holds = check({
  name: 'test.holds',
  subject: ({ path }: Content & { readonly timeoutMs?: number }) => path,
  inspect: ({ path, text: want }) => probe(cmd`cat ${path} 2>/dev/null || :`, ({ stdout }) => (stdout.includes(want) ? { ok: true, value: stdout } : { ok: false, reason: `${path} does not hold "${want}"` })),
  patience: ({ timeoutMs }) => (timeoutMs === undefined ? undefined : { timeoutMs, everyMs: 20 }),
});

/** A question. */
export function confirm(question: string): Confirm<true> {
  return { kind: 'confirm', module: 'confirm', subject: question, effect: 'read', problems: [], text: question, value: true };
}

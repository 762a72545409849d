'use strict';
// Loads TypeScript. ts-node compiles with swc, which strips types in milliseconds and checks none of them: types are checked apart
// (core/cli/typecheck.ts), so that a playbook with a type error never reaches a host.
//
// What ts-node made of a file is kept in the user's cache, and as long as the file stays the same ts-node is not even loaded: it brings
// the TypeScript compiler and swc along, which is half of the time from the start to the first connection. This installation's own modules, packages
// included, are kept in one file, the pack.
const { createHash } = require('node:crypto');
const { lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { homedir } = require('node:os');
const { dirname, join } = require('node:path');
const Module = require('node:module');

const root = dirname(__dirname);
const options = {
  skipProject: true,
  swc: true,
  cwd: root,
  compilerOptions: {
    target: 'es2022', // the newest that ts-node passes on to swc; what it does not know becomes ES3
    module: 'nodenext',
    moduleResolution: 'nodenext',
    strict: true,
    esModuleInterop: true,
    types: ['node'],
    skipLibCheck: true,
  },
};

const { hasOwn, keepCode } = require('./code-cache.js');
const { Pack } = require('./pack.js');

const sha256 = text => createHash('sha256').update(text).digest('hex');
const versionOf = name => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
const salt = JSON.stringify([process.version, options, ...['ts-node', '@swc/core', 'typescript'].map(versionOf)]);
const cache = cacheFolder('js');
const code = cacheFolder('code');
const packs = hasOwn ? undefined : cacheFolder('packs');
// V8 takes no code that was made under other options.
const flags = JSON.stringify([process.execArgv, process.env.NODE_OPTIONS]);
const pack = packs && new Pack({ root, path: join(packs, sha256(root + flags)), salt: sha256(salt + ['pack', 'module-text'].map(name => readFileSync(join(__dirname, `${name}.js`), 'utf8')).join('')), keep });
if (code) keepCode(code, keep, pack);
let tsNode;

// One copy of core: these names mean this installation, from wherever a playbook is loaded. What a playbook's own folder does not have
// (zod, say) comes from here too.
const resolveFilename = Module._resolveFilename;
Module._resolveFilename = (request, parent, ...rest) => {
  const known = pack?.resolve(request, parent?.filename);
  if (known !== undefined) return known;
  const found = resolve(request, parent, ...rest);
  if (rest[1] === undefined) pack?.resolved(request, parent?.filename, found);
  return found;
};

function resolve(request, parent, ...rest) {
  const own = /^runsheet(?:\/(.+))?$/.exec(request);
  if (own) return resolveFilename(join(root, own[1] ?? 'core'), parent, ...rest);
  try {
    return resolveFilename(request, parent, ...rest);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND' || /^[./]|^node:/.test(request)) throw error;
    try {
      return resolveFilename(request, { ...parent, paths: [join(root, 'node_modules')] }, ...rest);
    } catch {
      throw error;
    }
  }
}

// Lines of the TypeScript in stacks: what reads source maps is loaded when the first stack is asked for. Node's own reader knows nothing of code from a cache.
const loaded = new Map();
const plain = Module._extensions['.js'];
Error.prepareStackTrace = (error, frames) => {
  delete Error.prepareStackTrace;
  require('@cspotcode/source-map-support').install({ environment: 'node', handleUncaughtExceptions: false, redirectConflictingLibrary: false, retrieveSourceMap });
  return Error.prepareStackTrace(error, frames);
};

Module._extensions['.js'] = (module, file) => {
  if (pack?.run(module, file) !== true) plain(module, file);
};

Module._extensions['.ts'] = (module, file) => {
  if (pack?.run(module, file)) return;
  const text = compile(readFileSync(file, 'utf8'), file);
  loaded.set(file, text);
  module._compile(text, file);
};

function retrieveSourceMap(file) {
  const packed = pack?.mapOf(file);
  if (packed) return { url: file, map: packed };
  const [, map] = /^\/\/# sourceMappingURL=data:application\/json;(?:charset=utf-8;)?base64,(\S+)$/m.exec(loaded.get(file) ?? '') ?? [];
  return map ? { url: file, map: Buffer.from(map, 'base64').toString() } : null;
}

/** JavaScript with an inline source map, from the cache or from ts-node. */
function compile(source, file) {
  const mark = `\n//${sha256(salt + source)}`;
  const kept = cache && join(cache, `${sha256(file)}.js`);
  try {
    const text = kept ? readFileSync(kept, 'utf8') : '';
    if (text.endsWith(mark)) return text;
  } catch {
    // Not there yet.
  }
  tsNode ??= require('ts-node').create(options);
  const text = tsNode.compile(source, file) + mark;
  if (kept) keep(kept, text);
  return text;
}

/** Whole or not at all: two runs may write the same file. */
function keep(path, content) {
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, content, { mode: 0o600 });
    renameSync(temporary, path);
  } catch {
    // A full or read-only disk costs the next start some time, nothing else.
  }
}

/** A folder that only this user can write, since what is in it will be executed; `undefined` where there is none. */
function cacheFolder(name) {
  try {
    const path = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'runsheet', name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(path);
    return uid === process.getuid() && (mode & 0o022) === 0 ? path : undefined;
  } catch {
    return undefined;
  }
}

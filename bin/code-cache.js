'use strict';
// Keeps what V8 made of each module that is loaded, which halves the processor time of a start. Node does so itself from 22.1 on (module.enableCompileCache);
// v8-compile-cache, which did it before, breaks import() in the modules that it compiles, and ours load heavy packages by it.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { basename, join } = require('node:path');
const vm = require('node:vm');
const { flagsNow } = require('./module-text.js');
const { evaluate } = require('./pack.js');

/**
 * From here on modules are compiled with what V8 made of them before.
 * @param folder only this user may write there, since what is in it will be executed
 * @param keep writes a file, whole or not at all
 * @param pack takes the modules of this installation
 */
function keepCode(folder, keep, pack) {
  if (hasOwn) {
    Module.enableCompileCache(folder);
    return;
  }
  const fresh = [];
  const flagsAreSame = flagsNow();
  const compile = Module.prototype._compile;
  Module.prototype._compile = function compileWithCache(content, filename, format) {
    // Code from a cache forgets in Node 20 where its import() should go.
    if (format === 'module' || /\bimport\s*\(/.test(content)) return compile.call(this, content, filename, format);
    if (pack?.compile(this, filename, content)) return undefined;
    const source = Module.wrap(content.replace(/^#!.*/, ''));
    const mark = createHash('sha1').update(process.version).update(source).digest();
    const path = join(folder, `${basename(filename)}-${createHash('sha1').update(filename).digest('hex')}`);
    const script = new vm.Script(source, { filename, cachedData: readKept(path, mark) });
    if (script.cachedDataRejected !== false && flagsAreSame()) fresh.push({ path, mark, script });
    return evaluate(this, filename, script);
  };
  // At the end: by then V8 has compiled the functions that were used, too.
  process.once('exit', () => {
    for (const { path, mark, script } of fresh) keep(path, Buffer.concat([mark, script.createCachedData()]));
  });
}

/** Node keeps code itself. */
const hasOwn = Module.enableCompileCache !== undefined;

/** V8 compares no more than the length of the source, so the hash stands before its data. */
function readKept(path, mark) {
  try {
    const kept = readFileSync(path);
    return mark.equals(kept.subarray(0, mark.length)) ? kept.subarray(mark.length) : undefined;
  } catch {
    return undefined;
  }
}

module.exports = { hasOwn, keepCode };

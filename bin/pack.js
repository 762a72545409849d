'use strict';
// One file with all modules of this installation that a start loads: their JavaScript, what V8 made of it, and where each of their require() leads. A start that
// finds a module there asks the file system once whether the file is as it was, and does not search, read, hash and parse: that is most of a start's time.
const { closeSync, openSync, readSync, realpathSync, statSync } = require('node:fs');
const Module = require('node:module');
const { dirname, join } = require('node:path');
const vm = require('node:vm');
const { flagsNow, moduleText } = require('./module-text.js');

/** A change within so many milliseconds after the look may leave the times of the file as they are. */
const SETTLED_MS = 2000;
const HEAD = 16;

/**
 * The pack of an installation. Wherever it does not know better, a module is loaded as if there were none.
 * @param root folder of the installation
 * @param path of the pack; only this user may write there, since what is in it will be executed
 * @param salt whatever else the code depends on
 * @param keep writes a file, whole or not at all
 */
class Pack {
  #marks = new Map();
  #fresh = new Map();
  #ways = new Map();
  #buffer = Buffer.allocUnsafeSlow(1 << 17);

  constructor({ root, path, salt, keep }) {
    this.path = path;
    this.folders = [`${root}/`, `${real(join(root, 'node_modules'))}/`];
    // npm writes it with each change of the packages: then their names may lead elsewhere.
    this.salt = `${salt} ${this.#markOf(join(root, 'node_modules/.package-lock.json'))}`;
    const { file, entries } = open(path, this.salt);
    Object.assign(this, { file, entries });
    this.flagsAreSame = flagsNow();
    process.once('exit', () => {
      if (this.#isNew) this.#save(keep);
    });
  }

  /** Where a module's require() leads, as far as that is known. */
  resolve(request, from) {
    const way = this.entries.get(from)?.ways[request];
    return way !== undefined && this.#isSame(way.to) && way.places === this.#places(request, from, way.to) ? way.to : undefined;
  }

  /** Remembers where it leads. */
  resolved(request, from, found) {
    if (!from || !this.#isOurs(from) || !this.#isOurs(found)) return;
    const places = this.#places(request, from, found);
    const before = this.entries.get(from)?.ways[request];
    if (places === undefined || (before?.to === found && before.places === places)) return;
    const ways = this.#ways.get(from) ?? {};
    ways[request] = { to: found, places };
    this.#ways.set(from, ways);
  }

  /** Runs a module's code. @returns whether it was there */
  run(module, filename) {
    if (!this.#isSame(filename)) return false;
    const { mark, code: place, data, map } = this.entries.get(filename);
    const code = this.#text(place);
    const script = new vm.Script(code, { filename, cachedData: this.#bytes(data) });
    if (script.cachedDataRejected && this.flagsAreSame()) this.#fresh.set(filename, { mark, code, map: map && this.#text(map), script });
    evaluate(module, filename, script);
    return true;
  }

  /** Compiles and runs a module that is not in it, and keeps it for the next start. @returns whether it may be kept */
  compile(module, filename, content) {
    const mark = this.#isOurs(filename) ? this.#markOf(filename) : '';
    if (mark === '') return false;
    const { code, map } = moduleText(content, filename);
    const script = new vm.Script(code, { filename });
    if (this.flagsAreSame()) this.#fresh.set(filename, { mark, code, map, script });
    evaluate(module, filename, script);
    return true;
  }

  /** The source map of a module, JSON. */
  mapOf(filename) {
    const fresh = this.#fresh.get(filename)?.map;
    const kept = this.entries.get(filename)?.map;
    return fresh ?? (kept === undefined ? undefined : this.#text(kept));
  }

  /** The folders in which a new file would lead a relative name elsewhere; of a package npm tells. `undefined`: they have just changed. */
  #places(request, from, found) {
    if (!request.startsWith('.') || from.includes('/node_modules/')) return '';
    const marks = [...new Set([dirname(join(dirname(from), request)), dirname(found)])].map(folder => this.#markOf(folder));
    return marks.includes('') ? undefined : marks.join(' / ');
  }

  get #isNew() {
    return this.#fresh.size > 0 || [...this.#ways.keys()].some(name => this.#isSame(name));
  }

  #save(keep) {
    try {
      keep(this.path, this.#whole());
    } catch {
      // A pack that cannot be read any more: the next start finds that out by itself.
    }
  }

  #isOurs(filename) {
    return this.folders.some(folder => filename.startsWith(folder));
  }

  #isSame(filename) {
    const entry = this.entries.get(filename);
    return entry !== undefined && entry.mark === this.#markOf(filename);
  }

  /** What the file system says of a file, once in a process; nothing for one that is gone, or too young to be told from its next change. */
  #markOf(filename) {
    let mark = this.#marks.get(filename);
    if (mark === undefined) {
      const found = statSync(filename, { throwIfNoEntry: false });
      mark = found === undefined || Date.now() - found.ctimeMs < SETTLED_MS ? '' : `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
      this.#marks.set(filename, mark);
    }
    return mark;
  }

  /** Good until the next call: a start would otherwise touch some megabytes of memory for the first time, which costs more than to read them. */
  #bytes({ at, size }) {
    if (this.#buffer.length < size) this.#buffer = Buffer.allocUnsafeSlow(2 * size);
    const bytes = this.#buffer.subarray(0, size);
    if (readSync(this.file, bytes, 0, size, at) !== size) throw new Error(`${this.path} was cut off`);
    return bytes;
  }

  #text(place) {
    const bytes = this.#bytes(place);
    return place.wide ? bytes.ucs2Slice(0, bytes.length) : bytes.latin1Slice(0, bytes.length);
  }

  /** All that is known and still holds: length and index, then the parts. */
  #whole() {
    const parts = [];
    const index = {};
    let at = 0;
    const add = (bytes, wide = false) => {
      const place = { at, size: bytes.length, wide };
      // V8 copies data that does not begin at a multiple of eight.
      parts.push(Buffer.from(bytes), Buffer.alloc(-bytes.length & 7));
      at += bytes.length + (-bytes.length & 7);
      return place;
    };
    const addText = text => (/[^\0-\xff]/.test(text) ? add(Buffer.from(text, 'utf16le'), true) : add(Buffer.from(text, 'latin1')));
    for (const [name, { mark, code, data, map, ways }] of this.entries) {
      if (this.#fresh.has(name) || this.#markOf(name) !== mark) continue;
      index[name] = { mark, code: add(this.#bytes(code), code.wide), data: add(this.#bytes(data)), map: map && add(this.#bytes(map), map.wide), ways };
    }
    // At the end: by then V8 has compiled the functions that were used, too.
    for (const [name, { mark, code, map, script }] of this.#fresh) index[name] = { mark, code: addText(code), data: add(script.createCachedData()), map: map && addText(map), ways: {} };
    for (const [name, ways] of this.#ways) if (index[name]) index[name].ways = { ...index[name].ways, ...ways };
    const text = Buffer.from(JSON.stringify({ salt: this.salt, size: at, index }));
    return Buffer.concat([Buffer.from(String(text.length).padEnd(HEAD)), text, Buffer.alloc(-text.length & 7), ...parts]);
  }
}

/** An empty pack where there is none, or one that was made otherwise or is cut off. */
function open(path, salt) {
  let file;
  try {
    file = openSync(path, 'r');
    const head = read(file, HEAD, 0);
    const size = Number(head.toString());
    const { salt: made, size: all, index } = JSON.parse(read(file, size, 0 + HEAD).toString());
    const from = HEAD + size + (-size & 7);
    if (made === salt && statSync(path).size === from + all) return { file, entries: new Map(Object.entries(index).map(([name, entry]) => [name, moved(entry, from)])) };
  } catch {
    // It is made anew.
  }
  if (file !== undefined) closeSync(file);
  return { file: undefined, entries: new Map() };
}

function read(file, size, at) {
  const bytes = Buffer.allocUnsafe(size);
  return bytes.subarray(0, readSync(file, bytes, 0, size, at));
}

/** Places in the file instead of places behind the index. */
function moved(entry, by) {
  for (const part of [entry.code, entry.data, entry.map]) if (part) part.at += by;
  return entry;
}

function real(path) {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Runs a module's script as Node would. */
function evaluate(module, filename, script) {
  return script.runInThisContext().call(module.exports, module.exports, requireOf(module), module, filename, dirname(filename));
}

/** The `require` that a module gets; Node's own way to make it is not to be had. */
function requireOf(module) {
  const require = id => module.require(id);
  require.resolve = (request, options) => Module._resolveFilename(request, module, false, options);
  require.resolve.paths = request => Module._resolveLookupPaths(request, module);
  require.main = process.mainModule;
  require.extensions = Module._extensions;
  require.cache = Module._cache;
  return require;
}

module.exports = { Pack, evaluate };

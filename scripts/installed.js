'use strict';
// Exits 0 when node_modules holds what package-lock.json says, 1 when `npm ci` is due. npm writes the second file when it has finished.
const { readFileSync } = require('node:fs');

function packages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

function isInstalled() {
  let installed;
  try {
    installed = packages('node_modules/.package-lock.json');
  } catch {
    return false;
  }
  const wanted = packages('package-lock.json');
  // An optional package is left out on a system that it is not for.
  const isThere = ([path, entry]) => path === '' || entry.optional === true && installed[path] === undefined || installed[path]?.version === entry.version;
  return Object.entries(wanted).every(isThere) && Object.keys(installed).every((path) => path in wanted);
}

process.exitCode = isInstalled() ? 0 : 1;

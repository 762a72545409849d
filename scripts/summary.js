'use strict';
// Adds up vitest's JSON reports in a folder and prints one closing line: `summary.js FOLDER [BROKEN STEP ...]`.
// Each broken step (types, lint) counts as a failure. Exits with 1 when anything failed or no test passed.
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const [folder, ...broken] = process.argv.slice(2);
const reports = readdirSync(folder).map(name => JSON.parse(readFileSync(join(folder, name), 'utf8')));
const sum = key => reports.reduce((total, report) => total + report[key], 0);

const passed = sum('numPassedTests');
// A file that cannot be loaded fails as a suite and holds no test.
const brokenFiles = reports.flatMap(report => report.testResults).filter(file => file.status === 'failed' && file.assertionResults.length === 0).length;
const failed = sum('numFailedTests') + brokenFiles + broken.length;
const skipped = sum('numPendingTests') + sum('numTodoTests');
for (const step of broken) console.log(`failed before the tests: ${step} (see above)`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

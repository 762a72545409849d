'use strict';
// Adds up vitest's JSON reports in a folder and prints one closing line: `summary.js FOLDER [BROKEN STEP ...]`.
// Each broken step (types, lint) counts as a failure. What failed is named before it, or one failure in three thousand tests
// has to be looked for far above. Exits with 1 when anything failed or no test passed.
const { readdirSync, readFileSync } = require('node:fs');
const { join, relative } = require('node:path');

const [folder, ...broken] = process.argv.slice(2);
const reports = readdirSync(folder).map(name => JSON.parse(readFileSync(join(folder, name), 'utf8')));
const files = reports.flatMap(report => report.testResults);
const sum = key => reports.reduce((total, report) => total + report[key], 0);
const say = (file, what, message = '') => console.log(`failed: ${relative(process.cwd(), file.name)}: ${what}${message === '' ? '' : `\n  ${message.split('\n', 6).join('\n  ')}`}`);

const passed = sum('numPassedTests');
// A file that cannot be loaded fails as a suite and holds no test.
const brokenFiles = files.filter(file => file.status === 'failed' && file.assertionResults.length === 0);
const failed = sum('numFailedTests') + brokenFiles.length + broken.length;
const skipped = sum('numPendingTests') + sum('numTodoTests');
for (const file of files) for (const test of file.assertionResults) if (test.status === 'failed') say(file, test.fullName, test.failureMessages[0]);
for (const file of brokenFiles) say(file, 'the file itself', file.message);
for (const step of broken) console.log(`failed before the tests: ${step} (see above)`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

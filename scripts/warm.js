'use strict';
// At the end of `npm ci` in this folder: does once what the first run on this machine would otherwise have to do before it connects, which is to compile the
// runner's TypeScript and to check its types. It only saves time, so whatever is wrong here is left to that run to say.
const { readdirSync } = require('node:fs');
const { join } = require('node:path');

async function warm() {
  require('../bin/register.js');
  const { checkAhead } = require('../core/cli/typecheck.ts');
  const checked = checkAhead();
  require('../core/cli/main.ts');
  require('../core/cli/run-command.ts');
  const playbooks = join(__dirname, '..', 'playbooks');
  for (const name of readdirSync(playbooks).filter(file => file.endsWith('.ts'))) require(join(playbooks, name));
  await checked;
}

warm().catch(() => undefined);

'use strict';
// Registers ts-node with swc: it strips types in milliseconds and checks none of them.
// Types are checked apart (core/cli), so that a playbook with a type error never reaches a host.
require('ts-node').register({
  skipProject: true,
  swc: true,
  cwd: require('node:path').dirname(__dirname),
  ignore: [/node_modules/],
  compilerOptions: {
    target: 'es2022',
    module: 'nodenext',
    moduleResolution: 'nodenext',
    strict: true,
    esModuleInterop: true,
    types: ['node'],
    skipLibCheck: true,
  },
});

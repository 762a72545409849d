'use strict';
// Loaded into the controller's process before anything else (`node -r`): when it ends, its processor time and memory are written to $BENCH_USAGE. The product knows nothing
// of it. Not TypeScript: what loads that would start under other flags of V8 than bin/runsheet.js has, and would make anew each time what a user's start finds kept.
const { readFileSync, writeFileSync } = require('node:fs');

// Behind all that the runner itself does when it ends: it may write its kept code then, which takes memory.
setImmediate(() => {
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    // Not maxRSS, which also knows what the benchmark's own process took before it became this one.
    const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    const path = process.env.BENCH_USAGE;
    if (path !== undefined) writeFileSync(path, JSON.stringify({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, memoryMb: peak / 1024 }));
  });
});

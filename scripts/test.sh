#!/bin/sh
# Everything that must hold: types, lint, unit tests, lab tests. Sets up what it needs first; run as `npm test`.
# The last line says how many tests passed, failed and were skipped.
set -u
cd "$(dirname "$0")/.." || exit 1
sh scripts/setup.sh || exit 1

reports=$(mktemp -d) || exit 1
trap 'rm -rf "$reports"' EXIT
status=0
broken=""

echo "== types"
npm run -s check || { status=1; broken="$broken types"; }
echo "== lint"
npm run -s lint || { status=1; broken="$broken lint"; }
echo "== unit tests"
npx vitest run --project unit --reporter=default --reporter=json --outputFile.json="$reports/unit.json" || status=1
if [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ]; then
  echo "== lab tests"
  npx vitest run --project lab --reporter=default --reporter=json --outputFile.json="$reports/lab.json" || status=1
else
  echo "== lab tests: left out, they need Linux and root"
fi
# What failed before the tests is counted and named, or the closing line would call a broken tree fine.
node scripts/summary.js "$reports" $broken || status=1
exit "$status"

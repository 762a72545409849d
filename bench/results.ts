/** Writes what was found: the tables and the picture. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pictureOf, type BarGroup } from './picture';
import { reportOf } from './report';
import { median } from './statistics';
import type { Cell, Findings } from './types';

const TITLES: Readonly<Record<Cell['work'], string>> = { unchanged: 'nothing to change', first: 'first run', changes: 'ten changes a host' };

/** Writes results.md and results.svg into a folder and returns their paths. */
export async function writeResults(folder: string, findings: Findings): Promise<readonly string[]> {
  const files = [join(folder, 'results.md'), join(folder, 'results.svg')] as const;
  await mkdir(folder, { recursive: true });
  await writeFile(files[0], reportOf(findings, 'results.svg'));
  await writeFile(files[1], pictureOf(groupsOf(findings)));
  return files;
}

/** The cases of the first number of hosts that was asked for, and the same over the slow link. */
function groupsOf({ cells, peers }: Findings): readonly BarGroup[] {
  const hosts = cells[0]?.hosts ?? 0;
  const shown = cells.filter(cell => cell.hosts === hosts);
  const cases = [...new Set(shown.map(({ work, delayMs }) => `${delayMs} ${work}`))];
  return cases.map(each => {
    const own = shown.filter(({ work, delayMs }) => `${delayMs} ${work}` === each);
    const [first] = own;
    const delay = first === undefined || first.delayMs === 0 ? '' : `, ${first.delayMs} ms each way`;
    return {
      title: `${hosts === 1 ? 'One host' : `${hosts} hosts`}, 12 tasks, ${first === undefined ? '' : TITLES[first.work]}${delay}`,
      bars: own.map(({ peer, seconds, why }) => {
        const value = median(seconds);
        return { label: peers.find(({ name }) => name === peer)?.title ?? peer, isOurs: peer === 'runsheet', ...(value === undefined ? {} : { seconds: value }), ...(why === undefined ? {} : { why }) };
      }),
    };
  });
}

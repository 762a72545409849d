/** The findings as Markdown: bench/results.md. */
import { AT_ONCE } from './limits';
import { figure, median, ratio, roundTrips } from './statistics';
import { verdicts } from './targets';
import type { Cell, CrowdCell, Findings, LinkCell, PeerName, Work } from './types';

const WORKS: readonly (readonly [Work, string])[] = [['unchanged', 'unchanged run'], ['first', 'first run'], ['changes', 'ten changes']];
const ORDER: readonly PeerName[] = ['runsheet', 'ansible', 'mitogen', 'shell', 'ssh'];

/** The text of results.md. @param picture name of the picture beside it */
export function reportOf(findings: Findings, picture: string): string {
  return [
    '# What the benchmark measured', '',
    'Written by `npm run bench`; [docs/bench.md](../docs/bench.md) says what is done and how to read it. Seconds are medians, from the start of a process to its end; `×` is how many times as long as Runsheet, in the same sitting.', '',
    `${findings.at.slice(0, 16).replace('T', ' ')} UTC, commit ${findings.commit}, on ${findings.machine}; load before the first run ${findings.load.toFixed(2)}; ${findings.minutes.toFixed(0)} minutes.`, '',
    ...findings.peers.map(({ title, version }) => `- ${title}: ${version}`), ...findings.missing.map(({ title, why }) => `- ${title}: not measured: ${why}`), '',
    `![Seconds of each peer, on a logarithmic scale](${picture})`, '',
    ...findings.problems.length === 0 ? [] : ['**Not every run did what it should have; its figures are left out:**', '', ...findings.problems.map(problem => `- ${inLine(problem)}`), ''],
    ...against(findings), ...onHosts(findings), ...delayed(findings), ...crowd(findings),
  ].join('\n');
}

function against(findings: Findings): string[] {
  const rows = verdicts(findings).map(({ asked, measured, holds }) => [asked, measured, holds === undefined ? '–' : holds ? 'yes' : '**no**']);
  return ['## What was asked', '', ...table(['asked', 'measured', 'reached'], rows), ''];
}

function onHosts(findings: Findings): string[] {
  const cells = findings.cells.filter(({ delayMs }) => delayMs === 0);
  const numbers = [...new Set(cells.map(({ hosts }) => hosts))].sort((a, b) => a - b);
  return ['## Twelve everyday tasks', '', ...numbers.flatMap(hosts => [`### ${hosts === 1 ? 'One host' : `${hosts} hosts`}`, '', ...peerTable(findings, cells.filter(cell => cell.hosts === hosts)), ''])];
}

/** A row a peer, two columns a kind of work. */
function peerTable(findings: Findings, cells: readonly Cell[]): string[] {
  const works = WORKS.filter(([work]) => cells.some(cell => cell.work === work));
  const rows = ORDER.filter(name => cells.some(({ peer }) => peer === name)).map(name => [titleOf(findings, name), ...works.flatMap(([work]) => {
    const cell = cells.find(each => each.peer === name && each.work === work);
    const own = cells.find(each => each.peer === 'runsheet' && each.work === work);
    return [spread(cell), times(ratio(median(cell?.seconds ?? []), median(own?.seconds ?? [])))];
  })]);
  return table(['', ...works.flatMap(([, title]) => [`${title}, s`, '×'])], rows);
}

function delayed(findings: Findings): string[] {
  const cells = findings.cells.filter(({ delayMs }) => delayMs > 0);
  const { links } = findings;
  const delay = links[0]?.delayMs ?? cells[0]?.delayMs;
  if (delay === undefined) return [];
  const rows = ORDER.flatMap(name => links.filter(({ peer }) => peer === name)).map(link => [
    titleOf(findings, link.peer), figure(median(link.near)), link.why ?? figure(median(link.far)), figure(roundTrips(link.near, link.far, link.delayMs)), ...trafficOf(link),
  ]);
  const numbers = [...new Set(cells.map(({ hosts }) => hosts))];
  return [
    `## ${delay} ms each way`, '',
    `All go through one proxy that delays every byte by ${delay} ms. Round trips are those that the run waited for: what the delay costs in time, divided by ${2 * delay} ms. Turns are changes of the direction of the data, on all connections to the host.`, '',
    ...links.length === 0 ? [] : ['### One host, unchanged run', '', ...table(['', 'without delay, s', 'with it, s', 'round trips', 'turns', 'connections', 'KB to the host', 'KB from it'], rows), ''],
    ...numbers.flatMap(hosts => [`### ${hosts} hosts, delayed`, '', ...peerTable(findings, cells.filter(cell => cell.hosts === hosts)), '']),
  ];
}

function trafficOf({ turns, connections, bytesUp, bytesDown, far }: LinkCell): string[] {
  return far.length === 0 ? ['–', '–', '–', '–'] : [String(turns), String(connections), figure(bytesUp / 1000), figure(bytesDown / 1000)];
}

function crowd({ crowd: cells, floors }: Findings): string[] {
  if (cells.length === 0) return [];
  const rows = cells.map(cell => {
    const [seconds, cpu, memory] = [median(cell.seconds), median(cell.cpu), median(cell.memory)];
    const each = (value: number | undefined): string => figure(value === undefined ? undefined : value * 1000 / cell.addresses);
    return [String(cell.addresses), cell.work, cell.why === undefined ? figure(seconds) : inLine(cell.why), each(seconds), figure(cpu), each(cpu), figure(memory), figure(memoryOfFurther(cell, cells))];
  });
  const floor = floors.map(({ addresses, seconds, why }) => `${addresses} addresses ${why ?? `${figure(median(seconds))} s`}`);
  return [
    '## Many addresses, one process', '',
    'One sshd answers on 127.0.0.0/8, so each address is a host to Runsheet, with a lock and a record of its own; twelve tasks in a folder for each. That one machine also does the work of all the hosts, so time is what it can bear; processor time and memory are those of Runsheet\'s process alone.', '',
    ...table(['addresses', 'run', 'wall, s', 'ms a host', 'processor, s', 'ms a host', 'peak memory, MiB', 'KiB for each further host'], rows), '',
    ...floor.length === 0 ? [] : [`\`ssh ADDRESS true\`, ${AT_ONCE} at a time: ${floor.join(', ')}.`, ''],
  ];
}

/** What a host more costs in memory, in KB, by the smallest number of addresses at the same work. */
function memoryOfFurther(cell: CrowdCell, cells: readonly CrowdCell[]): number | undefined {
  const fewest = cells.find(({ work }) => work === cell.work);
  const [memory, least] = [median(cell.memory), median(fewest?.memory ?? [])];
  if (fewest === undefined || fewest.addresses === cell.addresses || memory === undefined || least === undefined) return undefined;
  return (memory - least) * 1024 / (cell.addresses - fewest.addresses);
}

function spread(cell: Cell | undefined): string {
  if (cell === undefined) return '–';
  if (cell.why !== undefined) return `not measured: ${inLine(cell.why)}`;
  const { seconds } = cell;
  return seconds.length < 2 ? `${figure(seconds[0])} (one run)` : `${figure(median(seconds))} (${figure(Math.min(...seconds))} to ${figure(Math.max(...seconds))}, ${seconds.length} runs)`;
}

function times(value: number | undefined): string {
  return value === undefined ? '–' : `${figure(value)}×`;
}

function titleOf({ peers }: Findings, name: PeerName): string {
  return peers.find(peer => peer.name === name)?.title ?? name;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)];
}

/** Fits into a cell of a table. */
function inLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', '/').slice(0, 300);
}

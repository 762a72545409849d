/** What a run costs, for `--timings`: round trips, bytes and waiting, by task and host. Only there when it is asked for. */
import type { Host } from '../inventory/host';
import type { CommandResult } from '../transport/connection';
import type { Watch } from '../transport/watch';
import type { LaidTask } from './layout';

/** From when until when, in milliseconds on the clock of `performance.now()`: since the process began. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What one task cost, on all its hosts. Times are in milliseconds. */
export interface TaskFigures {
  readonly name: string;
  readonly isHandler: boolean;
  /** How many it ran on. */
  readonly hosts: number;
  /** From its first start to its last end on any host. */
  readonly span: Span;
  readonly slowest: { readonly host: string; readonly ms: number };
  /** Round trips that it waited for, the most of any host. */
  readonly trips: number;
  /** Answers that needed none, since they came with another round trip; the most of any host. */
  readonly ahead: number;
  /** What commands printed, of all hosts. */
  readonly bytes: number;
  /** How long an answer or a connection of its host was waited for. */
  readonly waited: { readonly sum: number; readonly most: number };
  /** How long the hosts worked on its commands by their own clocks, all together; unknown where none of them said so. */
  readonly worked: number | undefined;
}

/** What a run cost. */
export interface RunFigures {
  /** From the first connection begun to the last one open; none where all hosts are local. */
  readonly connecting: Span | undefined;
  readonly connections: number;
  /** Bytes on the wire of the connections that are closed. */
  readonly received: number;
  readonly sent: number;
  /** Commands that were sent to hosts, also what the runner asks for itself. */
  readonly asked: number;
  readonly ahead: number;
  /** The host whose tasks waited for the most round trips. */
  readonly most: { readonly host: string; readonly trips: number } | undefined;
  /** In the order in which they first began. */
  readonly tasks: readonly TaskFigures[];
}

/** What one task costs on one host. */
export class Cost {
  #trips = 0;
  #ahead = 0;
  #bytes = 0;
  #ms = 0;
  #waited = 0;
  #worked: number | undefined;
  #span: Span = { from: Infinity, to: -Infinity };
  /** Its looks are on their way, and nothing was waited for since. */
  #isUnderWay = false;
  /** How many answers are waited for now, and since when. */
  #open = 0;
  #since = 0;

  /** The looks of the task were sent just now: its first answer takes a round trip, the others come along. */
  looksSent(): void {
    this.#isUnderWay = true;
  }

  /** A command is sent in the task's turn, to be waited for. */
  sent(): void {
    this.#isUnderWay = false;
    this.#trips += 1;
  }

  /** An answer was used that nobody had to ask for. */
  remembered(): void {
    if (this.#isUnderWay) this.sent();
    else this.#ahead += 1;
  }

  /** What a command printed, and how long it took on the host. */
  printed({ bytes, stderr, hostMs }: Pick<CommandResult, 'bytes' | 'stderr' | 'hostMs'>): void {
    this.#bytes += bytes.length + Buffer.byteLength(stderr);
    if (hostMs !== undefined) this.#worked = (this.#worked ?? 0) + hostMs;
  }

  /** Waits for an answer of the host; what is waited for at the same time counts once. */
  async wait<T>(answer: Promise<T>): Promise<T> {
    if (this.#open === 0) this.#since = performance.now();
    this.#open += 1;
    try {
      return await answer;
    } finally {
      this.#open -= 1;
      if (this.#open === 0) this.#waited += performance.now() - this.#since;
    }
  }

  /** A part of its work is over. */
  worked({ from, to }: Span): void {
    this.#ms += to - from;
    this.#span = { from: Math.min(this.#span.from, from), to: Math.max(this.#span.to, to) };
  }

  /** All of it so far. */
  figures(): {
    readonly trips: number; readonly ahead: number; readonly bytes: number; readonly ms: number;
    readonly waited: number; readonly worked: number | undefined; readonly span: Span;
  } {
    return { trips: this.#trips, ahead: this.#ahead, bytes: this.#bytes, ms: this.#ms, waited: this.#waited, worked: this.#worked, span: this.#span };
  }
}

/** Waits for an answer of a host, and notes how long that took where it is measured. */
export async function waitFor<T>(answer: Promise<T>, cost: Cost | undefined): Promise<T> {
  return await (cost === undefined ? answer : cost.wait(answer));
}

/** Measures one run: the engine and the transport report to it. */
export class Meter implements Watch {
  readonly #costs = new Map<LaidTask, Map<Host, Cost>>();
  #connecting: Span | undefined;
  #connections = 0;
  #received = 0;
  #sent = 0;
  #asked = 0;

  /** That of a task on a host, the same one each time. */
  cost(step: LaidTask, host: Host): Cost {
    const costs = this.#costs.get(step) ?? new Map<Host, Cost>();
    this.#costs.set(step, costs);
    const cost = costs.get(host) ?? new Cost();
    costs.set(host, cost);
    return cost;
  }

  begun(): void {
    const now = performance.now();
    this.#connecting ??= { from: now, to: now };
  }

  connected(): void {
    const now = performance.now();
    this.#connecting = { from: this.#connecting?.from ?? now, to: now };
    this.#connections += 1;
  }

  asked(): void {
    this.#asked += 1;
  }

  closed(received: number, sent: number): void {
    this.#received += received;
    this.#sent += sent;
  }

  /** All of it so far. */
  figures(): RunFigures {
    const hosts = new Map<string, number>();
    let ahead = 0;
    for (const [host, cost] of [...this.#costs.values()].flatMap(costs => [...costs])) {
      const figures = cost.figures();
      hosts.set(host.name, (hosts.get(host.name) ?? 0) + figures.trips);
      ahead += figures.ahead;
    }
    const [most] = [...hosts].map(([host, trips]) => ({ host, trips })).sort((a, b) => b.trips - a.trips);
    return {
      connecting: this.#connecting, connections: this.#connections, received: this.#received, sent: this.#sent, asked: this.#asked, ahead, most,
      tasks: [...this.#costs].map(([step, costs]) => taskFigures(step, costs)),
    };
  }
}

function taskFigures({ name, isHandler }: LaidTask, costs: ReadonlyMap<Host, Cost>): TaskFigures {
  const all = [...costs].map(([host, cost]) => ({ host: host.name, ...cost.figures() }));
  const most = (of: (figures: (typeof all)[number]) => number): number => all.reduce((found, figures) => Math.max(found, of(figures)), 0);
  const sum = (of: (figures: (typeof all)[number]) => number): number => all.reduce((total, figures) => total + of(figures), 0);
  const slowest = all.reduce((found, figures) => (figures.ms > found.ms ? figures : found), { host: '', ms: -1 });
  return {
    name, isHandler, hosts: all.length,
    span: { from: all.reduce((first, { span }) => Math.min(first, span.from), Infinity), to: most(({ span }) => span.to) },
    slowest: { host: slowest.host, ms: slowest.ms },
    trips: most(({ trips }) => trips), ahead: most(({ ahead }) => ahead), bytes: sum(({ bytes }) => bytes),
    waited: { sum: sum(({ waited }) => waited), most: most(({ waited }) => waited) },
    worked: all.some(({ worked }) => worked !== undefined) ? sum(({ worked = 0 }) => worked) : undefined,
  };
}

import type { ServerResponse } from 'node:http';

import type { Answer } from './http';
import { statusObject } from './http';
import { standIn } from './log';
import type { JsonMap, KubeObject } from './objects';
import type { Resource } from './resources';
import type { Match } from './selectors';
import type { Store, StoreEvent } from './store';
import { tableOf } from './table';

/** What is watched and how it is shown. */
export interface WatchRequest {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly match: Match;
  readonly query: URLSearchParams;
  readonly isTable: boolean;
  /** Ends of all running watches: a server that stops calls them. */
  readonly watches: Set<() => void>;
}

/** How long a watch lives when nobody says, in seconds. */
const watchSeconds = 1800;

/** Answers a watch: one JSON line for each event, from the given resourceVersion on or from the present state on. */
export function watchAnswer(store: Store, request: WatchRequest): Answer {
  return { stream: (response) => void stream(store, request, response) };
}

async function stream(store: Store, request: WatchRequest, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json', server: standIn });
  response.flushHeaders();
  const write = (type: string, object: KubeObject | JsonMap): void => void response.write(`${JSON.stringify({ type, object })}\n`);
  const show = (object: KubeObject): KubeObject | JsonMap => (request.isTable ? tableOf(request.resource, { items: [object], metadata: {} }) : object);
  try {
    const after = await startOf(store, request, (object) => write('ADDED', show(object)));
    const stop = store.watch(request.resource, request.namespace, {
      after,
      event: (event) => {
        const type = typeFor(event, request.match);
        if (type !== undefined) write(type, show(event.object));
      },
      end: () => void response.end(),
    });
    endWith(request, response, stop);
  } catch (error) {
    write('ERROR', statusObject(500, 'InternalError', String(error)));
    response.end();
  }
}

/** The revision to watch from; without one the present objects are sent first. */
async function startOf(store: Store, request: WatchRequest, send: (object: KubeObject) => void): Promise<string> {
  const given = request.query.get('resourceVersion') ?? '';
  if (given !== '' && given !== '0') return given;
  const { items, revision } = await store.list(request.resource, request.namespace, { match: request.match, limit: 0 });
  items.forEach(send);
  return revision;
}

/** An object that begins or ceases to match is added or deleted for this watcher. */
function typeFor(event: StoreEvent, match: Match): string | undefined {
  const was = event.previous !== undefined && match(event.previous);
  const is = event.type !== 'DELETED' && match(event.object);
  if (is) return was ? 'MODIFIED' : 'ADDED';
  return was ? 'DELETED' : undefined;
}

function endWith(request: WatchRequest, response: ServerResponse, stop: () => void): void {
  const end = (): void => void response.end();
  const timer = setTimeout(end, Number(request.query.get('timeoutSeconds') ?? watchSeconds) * 1000);
  request.watches.add(end);
  response.on('close', () => {
    clearTimeout(timer);
    request.watches.delete(end);
    stop();
  });
}

import { randomBytes } from 'node:crypto';

import type { Answer, ApiRequest } from './http';
import { statusObject } from './http';
import type { KubeObject } from './objects';
import { ApiError, at, mapOf, numberOf, parseObject, textOf } from './objects';
import { applyPatch } from './patch';
import type { Resource } from './resources';
import { findResource, groupVersion } from './resources';
import type { Reviews } from './reviews';
import { matcher } from './selectors';
import type { Place, Store } from './store';
import { withDefaults, withDeletion } from './strategy';
import { tableOf } from './table';
import { watchAnswer } from './watch';

/** What a resource path names. */
interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly sub: string | undefined;
}

/** The REST paths of all resources. */
export class Rest {
  constructor(private readonly store: Store, private readonly reviews: Reviews, private readonly watches: Set<() => void>) {}

  /** @throws ApiError for every answer that is a failure; 404 when the path names nothing that the stand-in serves. */
  async handle(request: ApiRequest): Promise<Answer> {
    const target = parsePath(request.url.pathname);
    if (target === undefined) throw new ApiError(404, 'NotFound', 'the server could not find the requested resource');
    if (request.url.searchParams.has('dryRun')) throw new ApiError(400, 'BadRequest', 'the stand-in has no dryRun');
    if (target.resource.isReview === true) return { code: 201, json: this.reviews.answer(target.resource, await request.body(), request.user) };
    if (target.name === undefined) return await this.collection(request, target);
    const place = { resource: target.resource, namespace: target.namespace, name: target.name };
    return target.sub === undefined ? await this.single(request, place) : await this.subresource(request, place, target.sub);
  }

  private async collection(request: ApiRequest, { resource, namespace }: Target): Promise<Answer> {
    switch (request.method) {
      case 'GET':
        return await this.listOrWatch(request, resource, namespace);
      case 'POST':
        return { code: 201, json: await this.create(resource, namespace, parseObject(await request.body())) };
      case 'DELETE': {
        const { items } = await this.store.list(resource, namespace, { match: matchOf(request.url), limit: 0 });
        for (const { metadata } of items) await this.remove({ resource, namespace: metadata.namespace, name: metadata.name }, undefined);
        return { code: 200, json: statusObject(200, '', '') };
      }
      default:
        throw notAllowed(request);
    }
  }

  private async single(request: ApiRequest, place: Place): Promise<Answer> {
    switch (request.method) {
      case 'GET': {
        const object = await this.store.get(place);
        const table = tableOf(place.resource, { items: [object], metadata: {} });
        return { code: 200, json: wantsTable(request) ? table : object };
      }
      case 'PUT': {
        const wanted = parseObject(await request.body());
        return { code: 200, json: await this.store.change(place, (old) => withStatusOf(old, wanted)) };
      }
      case 'PATCH': {
        const body = await request.body();
        return { code: 200, json: await this.store.change(place, (old) => parseObject(applyPatch(old, body, request.contentType))) };
      }
      case 'DELETE': {
        const options = mapOf(await request.body());
        const grace = options['gracePeriodSeconds'] ?? request.url.searchParams.get('gracePeriodSeconds') ?? undefined;
        return { code: 200, json: await this.remove(place, grace === undefined ? undefined : Number(grace)) };
      }
      default:
        throw notAllowed(request);
    }
  }

  private async subresource(request: ApiRequest, place: Place, sub: string): Promise<Answer> {
    if (place.resource.subresources?.includes(sub) !== true) throw new ApiError(404, 'NotFound', `the stand-in has no ${place.resource.plural}/${sub}`);
    if (request.method === 'GET' && sub === 'status') return { code: 200, json: await this.store.get(place) };
    if (request.method === 'GET') return { code: 200, json: scaleOf(await this.store.get(place)) };
    const body = await request.body();
    switch (sub) {
      case 'token':
        return { code: 201, json: this.reviews.token(await this.store.get(place), body) };
      case 'binding': {
        const nodeName = textOf(at(body, 'target', 'name'));
        await this.store.change(place, (pod) => ({ ...pod, spec: { ...mapOf(pod['spec']), nodeName } }));
        return { code: 201, json: statusObject(201, '', '') };
      }
      case 'eviction':
        await this.remove(place, undefined);
        return { code: 201, json: statusObject(201, '', '') };
      case 'finalize':
        await this.store.remove(place);
        return { code: 200, json: statusObject(200, '', '') };
      case 'scale': {
        const scaled = await this.store.change(place, (old) => {
          const wanted = request.method === 'PATCH' ? applyPatch(scaleOf(old), body, request.contentType) : body;
          return { ...old, spec: { ...mapOf(old['spec']), replicas: numberOf(at(wanted, 'spec', 'replicas'), 1) } };
        });
        return { code: 200, json: scaleOf(scaled) };
      }
      default:
        return { code: 200, json: await this.store.change(place, (old) => {
          const wanted = request.method === 'PATCH' ? applyPatch(old, body, request.contentType) : body;
          return { ...old, status: mapOf(mapOf(wanted)['status']) };
        }) };
    }
  }

  private async listOrWatch(request: ApiRequest, resource: Resource, namespace: string | undefined): Promise<Answer> {
    const query = request.url.searchParams;
    const match = matchOf(request.url);
    const isTable = wantsTable(request);
    if (['1', 'true'].includes(query.get('watch') ?? '')) {
      return watchAnswer(this.store, { resource, namespace, match, query, isTable, watches: this.watches });
    }
    const page = { match, limit: Number(query.get('limit') ?? 0), from: query.get('continue') ?? '' };
    const { revision, items, next } = await this.store.list(resource, namespace, page);
    const metadata = { resourceVersion: revision, ...(next === '' ? {} : { continue: next }) };
    if (isTable) return { code: 200, json: tableOf(resource, { items, metadata }) };
    return { code: 200, json: { kind: `${resource.kind}List`, apiVersion: groupVersion(resource), metadata, items } };
  }

  private async create(resource: Resource, namespace: string | undefined, object: KubeObject): Promise<KubeObject> {
    if (resource.namespaced && namespace === undefined) throw new ApiError(405, 'MethodNotAllowed', `${resource.plural} are made in a namespace`);
    const { name, generateName } = object.metadata;
    const full = textOf(name) || (textOf(generateName) === '' ? '' : `${textOf(generateName)}${randomName()}`);
    if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(full)) throw new ApiError(422, 'Invalid', `metadata.name: Invalid value: "${full}"`);
    return await this.store.create({ resource, namespace, name: full }, withDefaults(resource, object));
  }

  private async remove(place: Place, grace: number | undefined): Promise<KubeObject> {
    const object = await this.store.get(place);
    if (withDeletion(place.resource, object, grace) !== undefined) return await this.store.change(place, (old) => withDeletion(place.resource, old, grace));
    await this.store.remove(place);
    return object;
  }
}

function parsePath(path: string): Target | undefined {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const [root, ...rest] = parts;
  const [group, version, inner] = root === 'api' ? ['', rest[0], rest.slice(1)] : root === 'apis' ? [rest[0], rest[1], rest.slice(2)] : [];
  if (group === undefined || version === undefined || inner === undefined) return undefined;
  const isScoped = inner[0] === 'namespaces' && inner[2] !== undefined && !['status', 'finalize'].includes(inner[2]);
  const namespace = isScoped ? inner[1] : undefined;
  const [plural = '', name, sub] = isScoped ? inner.slice(2) : inner;
  const resource = findResource(group, version, plural);
  return resource === undefined ? undefined : { resource, namespace, name, sub };
}

function matchOf(url: URL): (object: KubeObject) => boolean {
  return matcher(url.searchParams.get('labelSelector') ?? '', url.searchParams.get('fieldSelector') ?? '');
}

function wantsTable(request: ApiRequest): boolean {
  return /as=Table;v=v1(;|,|$)|v=v1;as=Table/.test(request.accept) || request.accept.includes('as=Table;v=v1;g=meta.k8s.io');
}

/** A plain update never changes the status of what has a status of its own. */
function withStatusOf(old: KubeObject, wanted: KubeObject): KubeObject {
  return old['status'] === undefined ? wanted : { ...wanted, status: old['status'] };
}

function scaleOf(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const labels = mapOf(at(object, 'spec', 'selector', 'matchLabels'));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace: textOf(namespace), uid: textOf(uid), resourceVersion: textOf(resourceVersion), creationTimestamp: textOf(creationTimestamp) },
    spec: { replicas: at(object, 'spec', 'replicas') ?? 1 },
    status: { replicas: at(object, 'status', 'replicas') ?? 0, selector: Object.entries(labels).map(([key, value]) => `${key}=${textOf(value)}`).join(',') },
  };
}

function randomName(): string {
  return randomBytes(4).toString('hex').slice(0, 5);
}

function notAllowed(request: ApiRequest): ApiError {
  return new ApiError(405, 'MethodNotAllowed', `${request.method} is not allowed on ${request.url.pathname}`);
}

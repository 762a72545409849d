import type { Json, JsonMap } from './objects';
import { ApiError, isMap, listOf, mapOf, textOf } from './objects';

/**
 * Applies a patch to an object.
 * @param type the content type of the request: JSON patch (RFC 6902), merge patch (RFC 7386) or strategic merge patch.
 * @throws ApiError 415 for another type, 422 when a JSON patch does not fit.
 */
export function applyPatch(target: JsonMap, patch: Json, type: string): Json {
  if (type === 'application/json-patch+json') return listOf(patch).reduce<Json>((value, step) => applyStep(value, mapOf(step)), structuredClone(target));
  if (type === 'application/merge-patch+json') return merge(target, patch, false);
  if (type === 'application/strategic-merge-patch+json') return merge(target, patch, true);
  throw new ApiError(415, 'UnsupportedMediaType', `the stand-in does not know the patch type ${type}`);
}

function merge(target: Json | undefined, patch: Json, isStrategic: boolean): Json {
  if (isStrategic && Array.isArray(patch)) return mergeLists(listOf(target), patch);
  if (!isMap(patch)) return patch;
  if (isStrategic && patch['$patch'] === 'replace') return withoutDirectives(patch);
  const result: JsonMap = { ...mapOf(target) };
  for (const [key, value] of Object.entries(patch)) {
    if (isStrategic && key.startsWith('$')) continue;
    if (value === null || value === undefined) Reflect.deleteProperty(result, key);
    else result[key] = merge(result[key], value, isStrategic);
  }
  return result;
}

/** Lists of objects are merged by the key that Kubernetes' types most often name; other lists are replaced. */
function mergeLists(target: Json[], patch: Json[]): Json[] {
  const key = ['name', 'type', 'uid', 'containerPort', 'ip'].find((each) => patch.every((item) => isMap(item) && item[each] !== undefined));
  if (key === undefined) return patch;
  const result = [...target];
  for (const item of patch.map(mapOf)) {
    const place = result.findIndex((each) => mapOf(each)[key] === item[key]);
    if (item['$patch'] === 'delete') {
      if (place >= 0) result.splice(place, 1);
    } else if (place >= 0) result[place] = merge(result[place], item, true);
    else result.push(item);
  }
  return result;
}

function withoutDirectives(value: JsonMap): JsonMap {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('$')));
}

function applyStep(document: Json, step: JsonMap): Json {
  const path = textOf(step['path']);
  const keys = path.split('/').slice(1).map((key) => key.replace(/~1/g, '/').replace(/~0/g, '~'));
  const last = keys.pop();
  if (last === undefined) return step['value'] ?? null;
  const parent = keys.reduce<Json | undefined>((value, key) => (Array.isArray(value) ? value[Number(key)] : mapOf(value)[key]), document);
  const operation = textOf(step['op']);
  if (Array.isArray(parent)) changeList(parent, last, { operation, value: step['value'] });
  else if (isMap(parent)) changeMap(parent, last, { operation, value: step['value'], path });
  else throw new ApiError(422, 'Invalid', `the JSON patch names ${path}, which is not there`);
  return document;
}

function changeList(list: Json[], key: string, change: { operation: string; value: Json | undefined }): void {
  const place = key === '-' ? list.length : Number(key);
  if (change.operation === 'add') list.splice(place, 0, change.value ?? null);
  else if (change.operation === 'replace') list[place] = change.value ?? null;
  else if (change.operation === 'remove') list.splice(place, 1);
}

function changeMap(map: JsonMap, key: string, change: { operation: string; value: Json | undefined; path: string }): void {
  if (change.operation === 'remove') {
    Reflect.deleteProperty(map, key);
  } else if (change.operation === 'test') {
    if (JSON.stringify(map[key]) !== JSON.stringify(change.value)) throw new ApiError(422, 'Invalid', `the test of ${change.path} failed`);
  } else {
    map[key] = change.value ?? null;
  }
}

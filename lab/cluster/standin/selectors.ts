import type { KubeObject } from './objects';
import { ApiError, at, textOf } from './objects';

/** Says whether an object is meant. */
export type Match = (object: KubeObject) => boolean;

/**
 * Reads the label and the field selector of a request.
 * @throws ApiError 400 when one is not understood.
 */
export function matcher(labels: string, fields: string): Match {
  const tests = [...splitSelector(labels).map(labelTest), ...splitSelector(fields).map(fieldTest)];
  return (object) => tests.every((test) => test(object));
}

/** Splits at commas that are not inside parentheses. */
function splitSelector(text: string): string[] {
  return text.split(/,(?![^(]*\))/).map((part) => part.trim()).filter((part) => part !== '');
}

function labelTest(part: string): Match {
  const value = (object: KubeObject, key: string): string | undefined => {
    const found = object.metadata.labels?.[key];
    return typeof found === 'string' ? found : undefined;
  };
  const [, key, not, set] = /^(\S+)\s+(not)?in\s+\((.*)\)$/.exec(part.replace(/\s+notin\s+/, ' notin ')) ?? [];
  if (key !== undefined && set !== undefined) {
    const wanted = set.split(',').map((each) => each.trim());
    return (object) => wanted.includes(value(object, key) ?? '') === (not === undefined);
  }
  const compare = /^([^!=\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(part);
  if (compare !== null) {
    const [, name = '', operator, wanted] = compare;
    return (object) => (value(object, name) === wanted) === (operator !== '!=');
  }
  if (/^![^!=\s]+$/.test(part)) return (object) => value(object, part.slice(1)) === undefined;
  if (/^[^!=\s()]+$/.test(part)) return (object) => value(object, part) !== undefined;
  throw new ApiError(400, 'BadRequest', `unable to parse the label selector ${part}`);
}

function fieldTest(part: string): Match {
  const [, path = '', operator, wanted] = /^([^!=]+)(==|=|!=)(.*)$/.exec(part) ?? [];
  if (operator === undefined) throw new ApiError(400, 'BadRequest', `unable to parse the field selector ${part}`);
  const keys = path.split('.');
  return (object) => (textOf(at(object, ...keys)) === wanted) === (operator !== '!=');
}

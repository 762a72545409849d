/** Which variables are secrets by their names alone. */
import { MASK } from '../secret';

/** Names of variables that stand for secrets, whatever their values look like. */
export function soundsSecret(name: string): boolean {
  return /pass(?:word|wd|phrase)?$|secret|token|private_?key$/i.test(name);
}

/** A value as people read it. What is called like a secret is masked, also inside it. @param name dotted */
export function shownValue(name: string, value: unknown): string {
  if (name.split('.').some(soundsSecret)) return MASK;
  // Of what JSON has no text for (a function, say) this is `undefined`.
  const text: unknown = JSON.stringify(value, (key, inner: unknown) => (soundsSecret(key) ? MASK : inner));
  return typeof text === 'string' ? text : String(value);
}

/** Names of variables that stand for secrets, whatever their values look like. */
export function soundsSecret(name: string): boolean {
  return /pass(?:word|wd|phrase)?$|secret|token|private_?key$/i.test(name);
}

/** SSH keys for tests. */
import { utils } from 'ssh2';

export type HostKeyType = 'ed25519' | 'rsa' | 'ecdsa';

/** A fresh private key. ssh2 now and then generates one that it cannot read itself. */
export function newHostKey(type: HostKeyType): string {
  for (;;) {
    const { private: key } = generate(type);
    if (!(utils.parseKey(key) instanceof Error)) return key;
  }
}

function generate(type: HostKeyType): { readonly private: string } {
  if (type === 'ed25519') return utils.generateKeyPairSync('ed25519');
  return type === 'rsa' ? utils.generateKeyPairSync('rsa', { bits: 2048 }) : utils.generateKeyPairSync('ecdsa', { bits: 256 });
}

/** The public half of a private key, `type base64`. */
export function publicLine(privateKey: string): string {
  const key = parseKey(privateKey);
  return `${key.type} ${key.getPublicSSH().toString('base64')}`;
}

/** A key in any form that ssh2 reads. @throws Error when it is none */
export function parseKey(text: string): ReturnType<typeof firstKey> {
  return firstKey(utils.parseKey(text));
}

function firstKey(key: ReturnType<typeof utils.parseKey>): Exclude<ReturnType<typeof utils.parseKey>, Error> {
  if (key instanceof Error) throw key;
  return key;
}

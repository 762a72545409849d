/** Logging in with a key in one round trip instead of two. */
import type { Client, ParsedKey } from 'ssh2';

/** What ssh2 says of itself only in its source: its `authPK` asks whether the key would do, or, with a function that signs, logs in with it. */
interface Protocol {
  authPK(username: string, key: ParsedKey, algorithm: string | undefined, sign?: Sign): void;
}

type Sign = (data: Buffer, done: (signature: Buffer) => void) => void;

/** The hash of each algorithm of RSA keys; other keys have one of their own. @see RFC 8332 */
const HASHES: ReadonlyMap<string, string> = new Map([['rsa-sha2-256', 'sha256'], ['rsa-sha2-512', 'sha512']]);

/**
 * Sends the signature with the first word of a key that is at hand, as RFC 4252 (section 7) allows, instead of asking first whether the key would do. A server counts either
 * as one attempt. The agent is asked to sign only what will do, as ever. To be called right after `connect`; where ssh2 is another one than we know it does nothing.
 */
export function signAtOnce(client: Client): void {
  const protocol = protocolOf(client);
  if (protocol === undefined) return;
  const authPK = protocol.authPK.bind(protocol);
  protocol.authPK = (username, key, algorithm, sign) => {
    if (sign !== undefined || !key.isPrivateKey()) {
      authPK(username, key, algorithm, sign);
      return;
    }
    authPK(username, key, algorithm, (data, done) => {
      const signature: Buffer | Error = key.sign(data, HASHES.get(algorithm ?? ''));
      // ssh2 then says what is wrong, once the server has taken the key.
      if (signature instanceof Error) authPK(username, key, algorithm);
      else done(signature);
    });
  };
}

function protocolOf(client: Client): Protocol | undefined {
  if (!('_protocol' in client)) return undefined;
  const protocol = client._protocol;
  return typeof protocol === 'object' && protocol !== null && 'authPK' in protocol && typeof protocol.authPK === 'function' ? protocol as Protocol : undefined;
}

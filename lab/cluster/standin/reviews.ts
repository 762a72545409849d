import type { KeyObject } from 'node:crypto';

import type { Json, JsonMap, KubeObject } from './objects';
import { at, mapOf, numberOf, textOf } from './objects';
import type { Resource } from './resources';
import { groupVersion } from './resources';
import type { User } from './tokens';
import { boundClaims, reviewOf, signToken, userOfToken } from './tokens';

/** Keys of service-account tokens, read once at the start as the real apiserver does. */
export interface TokenKeys {
  readonly signing: KeyObject;
  readonly verifying: readonly KeyObject[];
  readonly issuer: string;
}

/** Answers what is asked and not kept: token reviews, access reviews and requests for a token. */
export class Reviews {
  constructor(private readonly keys: TokenKeys) {}

  /** The answer to a review that a user sent. */
  answer(of: Resource, body: Json, user: User): JsonMap {
    const spec = mapOf(mapOf(body)['spec']);
    const status = of.kind === 'TokenReview' ? this.tokenStatus(spec) : accessStatus(user);
    return { kind: of.kind, apiVersion: groupVersion(of), metadata: {}, spec, status };
  }

  /** A new token for a service account. */
  token(account: KubeObject, body: Json): JsonMap {
    const seconds = numberOf(at(body, 'spec', 'expirationSeconds'), 3600);
    const { name, namespace, uid } = account.metadata;
    const claims = boundClaims({ namespace: textOf(namespace), name, uid: textOf(uid), issuer: this.keys.issuer, seconds });
    const expirationTimestamp = new Date(Date.now() + seconds * 1000).toISOString();
    return {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: {},
      spec: { audiences: [this.keys.issuer], expirationSeconds: seconds },
      status: { token: signToken(this.keys.signing, claims), expirationTimestamp },
    };
  }

  /** The user of a bearer token, undefined when no key of this server signed it. */
  userOf(token: string): User | undefined {
    return userOfToken(token, this.keys.verifying);
  }

  private tokenStatus(spec: JsonMap): JsonMap {
    const user = this.userOf(reviewOf(spec).token);
    if (user === undefined) return { authenticated: false, error: 'invalid bearer token' };
    return { authenticated: true, user: { username: user.name, uid: user.uid, groups: [...user.groups] }, audiences: [this.keys.issuer] };
  }
}

/** The stand-in does not authorise: whoever it recognises may do everything. */
function accessStatus(user: User): JsonMap {
  return { allowed: true, reason: `the stand-in allows ${user.name} everything` };
}

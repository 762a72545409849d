import type { KeyObject } from 'node:crypto';
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { JsonMap } from './objects';
import { at, listOf, mapOf, numberOf, parseJson, textOf } from './objects';

/** Who a request or a token belongs to. */
export interface User {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
}

/**
 * Reads a private key from a file, PEM.
 * @throws when the file is missing or holds no key.
 */
export function readSigningKey(file: string): KeyObject {
  return createPrivateKey(readFileSync(file));
}

/**
 * Reads a public key from a file: a public key, a private key or a certificate, PEM, as `--service-account-key-file`
 * takes them.
 */
export function readVerifyingKey(file: string): KeyObject {
  return createPublicKey(readFileSync(file));
}

/** Signs the claims of a service-account token: RS256 with an RSA key, ES256 with a P-256 key. */
export function signToken(key: KeyObject, claims: JsonMap): string {
  const text = `${part({ alg: algorithm(key), typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** The service account of a token that one of the keys signed and that has not expired; undefined for any other. */
export function userOfToken(token: string, keys: readonly KeyObject[]): User | undefined {
  const [head, body, signature] = token.split('.');
  if (head === undefined || body === undefined || signature === undefined) return undefined;
  const bytes = Buffer.from(signature, 'base64url');
  const isSigned = keys.some((key) => verify('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' }, bytes));
  if (!isSigned) return undefined;
  const claims = mapOf(parseJson(Buffer.from(body, 'base64url').toString()));
  if (numberOf(claims['exp'], Infinity) < Date.now() / 1000) return undefined;
  return userOfClaims(claims);
}

/** The claims of a token that `serviceaccounts/token` gives. */
export function boundClaims(of: { namespace: string; name: string; uid: string; issuer: string; seconds: number }): JsonMap {
  const issued = Math.floor(Date.now() / 1000);
  return {
    aud: [of.issuer],
    exp: issued + of.seconds,
    iat: issued,
    nbf: issued,
    iss: of.issuer,
    sub: `system:serviceaccount:${of.namespace}:${of.name}`,
    'kubernetes.io': { namespace: of.namespace, serviceaccount: { name: of.name, uid: of.uid } },
  };
}

/** The claims of the token in a secret that the controller-manager makes for a service account. */
export function secretClaims(of: { namespace: string; name: string; uid: string; secret: string }): JsonMap {
  const prefix = 'kubernetes.io/serviceaccount';
  return {
    iss: prefix,
    sub: `system:serviceaccount:${of.namespace}:${of.name}`,
    [`${prefix}/namespace`]: of.namespace,
    [`${prefix}/secret.name`]: of.secret,
    [`${prefix}/service-account.name`]: of.name,
    [`${prefix}/service-account.uid`]: of.uid,
  };
}

function userOfClaims(claims: JsonMap): User | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(textOf(claims['sub'])) ?? [];
  if (namespace === undefined || name === undefined) return undefined;
  const uid = textOf(at(claims, 'kubernetes.io', 'serviceaccount', 'uid')) || textOf(claims['kubernetes.io/serviceaccount/service-account.uid']);
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return { name: `system:serviceaccount:${namespace}:${name}`, uid, groups };
}

/** The token and audiences that a TokenReview asks about. */
export function reviewOf(spec: JsonMap): { token: string; audiences: string[] } {
  return { token: textOf(spec['token']), audiences: listOf(spec['audiences']).map(textOf) };
}

function algorithm(key: KeyObject): string {
  return key.asymmetricKeyType === 'ec' ? 'ES256' : 'RS256';
}

function part(value: JsonMap): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

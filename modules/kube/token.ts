/**
 * Service-account tokens: one that was issued before a change must be accepted after it, or every running pod is locked out (hazard S5).
 * @see https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/
 */
import { z } from 'zod';
import { check, live, query } from '../../core/module';
import { Secret } from '../../core/secret';
import type { AccessParams } from './queries';
import { askJson } from './request';

const PATH = '/api/v1/namespaces/kube-system/serviceaccounts/default/token';
const issued = z.object({ status: z.object({ token: z.string() }) });
const reviewed = z.object({ status: z.object({ authenticated: z.boolean().optional(), error: z.string().optional() }) });

/** A token for the account kube-system/default, valid for an hour. The API stores nothing of it; the value is a secret and never written down. */
export const token = query<AccessParams, Secret>({
  name: 'kube.token',
  subject: () => 'service account kube-system/default',
  inspect: ({ access }) => live(async on => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
    return new Secret(issued.parse(await askJson(on, access, { method: 'POST', path: PATH, body })).status.token);
  }),
});

export interface TokenAcceptedParams extends AccessParams { readonly token: Secret }

/** The API server still accepts a token that was issued earlier (TokenReview). */
export const tokenAccepted = check<TokenAcceptedParams, true>({
  name: 'kube.tokenAccepted',
  subject: () => 'a service-account token from before',
  inspect: ({ access, token: earlier }) => live(async on => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: earlier.reveal() } };
    const { status } = reviewed.parse(await askJson(on, access, { method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body }));
    if (status.authenticated === true) return { ok: true, value: true };
    return { ok: false, reason: `a service-account token that was issued before the change is rejected now (${status.error ?? 'no reason given'}): running pods are locked out; put the old certificates and keys back` };
  }),
});

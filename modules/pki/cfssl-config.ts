/** cfssl's `ca-config.json`: how long a certificate lives and what it may be used for. @see cfssl doc/cmd/cfssl.txt, config/config.go */
import { z } from 'zod';
import { usagesOf, type Usages } from './usages';

/** What a profile says about the certificates that are signed with it; it may name no usages. */
export interface SigningProfile extends Usages {
  /** `default`, or the profile's name. */
  readonly name: string;
  readonly expiryMs: number;
  /** How far NotBefore lies in the past. */
  readonly backdateMs: number;
}

/** Why a certificate's usages cannot come from this profile; `undefined` when they can. */
export function missingUsages(profile: SigningProfile | undefined): string | undefined {
  if (profile === undefined) return 'the CA names no configuration (ca-config.json) that says what the certificate may be used for';
  return profile.keyUsage.length + profile.extendedKeyUsage.length > 0 ? undefined : `the CA's ${profile.name} profile names no usages`;
}

/** cfssl's own, for clocks that are late. */
export const BACKDATE_MS = 5 * 60_000;

const profileSchema = z.looseObject({
  expiry: z.string().optional(),
  backdate: z.string().optional(),
  usages: z.array(z.string()).optional(),
  ca_constraint: z.looseObject({ is_ca: z.boolean().optional() }).optional(),
});
const configSchema = z.looseObject({
  signing: z.looseObject({ default: profileSchema.optional(), profiles: z.record(z.string(), profileSchema).optional() }),
});

/**
 * The profile of a configuration. What it leaves out comes from `default`, as in cfssl; a profile that is not there is an error (cfssl
 * would silently take the default one).
 * @param profile its name; `signing.default` when it is left out
 * @throws RangeError naming the file and what is wrong in it
 */
export function readSigningProfile(text: string, path: string, profile?: string): SigningProfile {
  const config = parseConfig(text, path);
  const { default: fallback = {}, profiles = {} } = config.signing;
  const chosen = profile === undefined ? fallback : profiles[profile];
  if (chosen === undefined) throw new RangeError(`${path} has no profile "${profile ?? ''}", only ${Object.keys(profiles).join(', ') || 'the default one'}`);
  const name = profile ?? 'default';
  if (chosen.ca_constraint?.is_ca === true) throw new RangeError(`profile "${name}" of ${path} is for CAs; leaf certificates need another one`);
  const expiry = chosen.expiry ?? fallback.expiry;
  const backdate = chosen.backdate ?? fallback.backdate;
  return {
    name,
    ...usagesOf(chosen.usages ?? fallback.usages ?? []),
    // cfssl's own default is one year.
    expiryMs: expiry === undefined ? 8760 * 3_600_000 : goDuration(expiry, path),
    backdateMs: backdate === undefined ? BACKDATE_MS : goDuration(backdate, path),
  };
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 0.001, ns: 0.000_001 };

/** Milliseconds of a duration as Go writes it, `87600h`, `1h30m`. @throws RangeError naming the file */
export function goDuration(text: string, path: string): number {
  if (!/^(\d+(\.\d+)?(h|ms|us|ns|m|s))+$/.test(text)) throw new RangeError(`"${text}" in ${path} is no duration; write it as in 87600h or 1h30m`);
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ''] ?? 0), 0);
}

function parseConfig(text: string, path: string): z.infer<typeof configSchema> {
  const parsed = configSchema.safeParse(parseJson(text, path));
  if (!parsed.success) throw new RangeError(`${path} is no cfssl configuration: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** A text as JSON. @throws RangeError naming the file */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new RangeError(`${path} is no JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

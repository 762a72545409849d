import { describe, expect, test } from 'vitest';
import { inspect } from 'node:util';
import { redact, redactData, Secret } from '../../core/secret';

describe('Secret', () => {
  const secret = new Secret("s3cr'et value&1");

  test('does not turn into text by accident', () => {
    expect([String(secret), secret.toString(), JSON.stringify({ secret }), inspect({ secret }), [secret].join('')]).toEqual(
      ['[secret]', '[secret]', '{"secret":"[secret]"}', '{ secret: [secret] }', '[secret]']);
  });

  test.each([
    ['raw', "x s3cr'et value&1 y"],
    ['shell-quoted', String.raw`x 's3cr'\''et value&1' y`],
    ['url', `x ${encodeURIComponent("s3cr'et value&1")} y`],
    ['base64', `x ${Buffer.from("s3cr'et value&1").toString('base64')} y`],
    ['json', `x ${JSON.stringify("s3cr'et value&1")} y`],
  ])('is masked in %s form', (_form, text) => {
    expect(redact(text)).toContain('[secret]');
    expect(redact(text)).not.toMatch(/et value|c2Vj|czNj|et%20value/);
  });

  test('masks the long lines of a key, not its header', () => {
    const body = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEA';
    new Secret(`-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`);
    expect(redact(`oops: ${body}`)).toBe('oops: [secret]');
    expect(redact('-----BEGIN PRIVATE KEY-----')).toBe('-----BEGIN PRIVATE KEY-----');
  });

  test('is masked in data, whose shape stays', () => {
    expect(redactData({ a: ["s3cr'et value&1"], b: 1 })).toEqual({ a: ['[secret]'], b: 1 });
  });
});

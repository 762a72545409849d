/** The one place that reads YAML. */
import { UsageError } from './errors';

/**
 * Parses one YAML document (1.2). JSON is YAML, so it reads both.
 * @param origin the file, for messages
 * @throws UsageError naming file and line
 */
export async function parseYaml(text: string, origin: string): Promise<unknown> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) {
    throw new UsageError(`${origin}:${problem.linePos?.[0].line ?? 1}: ${problem.message.split('\n')[0] ?? 'is not YAML'}`);
  }
  return document.toJS() as unknown;
}

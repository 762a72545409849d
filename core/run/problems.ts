/** Collects everything that is wrong with a playbook, so that it is said at once. */
import { isRunnerError, messageOf, PlaybookError } from '../errors';
import type { Site } from '../site';

/** What is wrong, in the order in which it was found, each thing once. */
export class Problems {
  readonly #found = new Set<string>();

  /** Adds one, with its place where there is one. */
  add(text: string, site?: Site): void {
    this.#found.add(site === undefined ? text : `${site.at()}: ${text}`);
  }

  /** Adds what was thrown: each problem of a known error, the message of any other. */
  addThrown(error: unknown, site?: Site): void {
    if (isPlaybookError(error)) for (const problem of error.problems) this.#found.add(problem);
    else this.add(isRunnerError(error) && error.hint !== undefined ? `${error.message} (${error.hint})` : messageOf(error), site);
  }

  /** @throws PlaybookError with all of them, when there are any. */
  throwAny(): void {
    if (this.#found.size > 0) throw new PlaybookError([...this.#found]);
  }
}

function isPlaybookError(error: unknown): error is PlaybookError {
  return isRunnerError(error) && error.kind === 'playbook' && 'problems' in error && Array.isArray(error.problems);
}

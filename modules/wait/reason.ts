/** Why a look failed, as a finding tells it. */
import { messageOf } from '../../core/errors';
import type { Target } from '../../core/transport/connection';

/** An error's message without the host's name, which the runner puts before every finding. */
export function reasonOf(on: Target, error: unknown): string {
  const message = messageOf(error);
  const prefix = `${on.host.name}: `;
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}

/** What every component of the stand-in calls itself, in logs and answers. */
export const standIn = 'stand-in';

/** Writes a line to the journal that says which component of the stand-in speaks. */
export type Log = (message: string) => void;

/** A logger for a component. */
export function logFor(component: string): Log {
  return (message) => void process.stderr.write(`[${standIn} ${component}] ${message}\n`);
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

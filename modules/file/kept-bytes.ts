/** Contents of files that are kept from being collected for a while. */

/** Contents that are kept although no task needs them right now, in bytes. What is larger is shared as long as some host needs it, and lingers for the next one. */
const MOST_KEPT = 64 * 1024 * 1024;

/** How long what is too large to be kept lingers, in milliseconds: with few hosts at a time the next one soon needs it. */
const LINGER_MS = 60_000;

/** The one asked for last at the end. */
const kept = new Set<Buffer>();
let keptBytes = 0;
/** What was needed last of what is too large to be kept: one alone, or many such files would fill the memory. */
let lingering: { readonly bytes: Buffer; readonly end: NodeJS.Timeout } | undefined;

/** Keeps a content, and lets go of those that were asked for longest ago where there are too many. */
export function keep(bytes: Buffer): void {
  if (bytes.length > MOST_KEPT) {
    linger(bytes);
    return;
  }
  if (kept.delete(bytes)) keptBytes -= bytes.length;
  kept.add(bytes);
  keptBytes += bytes.length;
  for (const oldest of kept) {
    if (keptBytes <= MOST_KEPT) return;
    kept.delete(oldest);
    keptBytes -= oldest.length;
  }
}

/** Lets go of all. */
export function forgetBytes(): void {
  kept.clear();
  keptBytes = 0;
  endLingering();
}

function linger(bytes: Buffer): void {
  endLingering();
  lingering = { bytes, end: setTimeout(endLingering, LINGER_MS).unref() };
}

function endLingering(): void {
  clearTimeout(lingering?.end);
  lingering = undefined;
}

/** A file to be put on a host, with its whole content. */
export interface HostFile {
  readonly path: string;
  readonly content: string;
  /** Permission bits, 0644 unless said; the owner is root. */
  readonly mode?: number;
}

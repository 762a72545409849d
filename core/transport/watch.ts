/** Who measures a run is told by the transport what its connections do. */

/** Told as it happens; must not throw. */
export interface Watch {
  /** A connection over SSH is begun. */
  begun(): void;
  /** It is open, its host key verified. */
  connected(): void;
  /** A command is sent, also one whose answer nobody waits for yet. */
  asked(): void;
  /** A socket was closed: what came over it and went over it, in bytes on the wire, with handshake and encryption. */
  closed(received: number, sent: number): void;
}

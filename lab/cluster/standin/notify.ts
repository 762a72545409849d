import { spawn } from 'node:child_process';

/** Tells systemd that a unit of `Type=notify` is up. Outside such a unit it does nothing.  @see systemd-notify(1) */
export function notifyReady(): void {
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  spawn('systemd-notify', ['--ready'], { stdio: 'inherit' });
}

/** What the Debian root of the lab's hosts is made of. Any change here makes a new root in the cache. */
import type { ExtraFile } from './types';

/** Debian packages of every host. */
export const PACKAGES: readonly string[] = [
  'busybox',
  'ca-certificates',
  'curl',
  'dbus',
  'etcd-client',
  'etcd-server',
  'iproute2',
  'kubernetes-client',
  // Sessions are logind's, as on a Debian server.
  'libpam-systemd',
  'libnginx-mod-stream',
  // The controller's own node, bound read-only, needs it.
  'libstdc++6',
  'nginx-light',
  'openssh-server',
  'openssl',
  'procps',
  'sudo',
  'systemd',
  'systemd-sysv',
];

/** Enabled by their packages; a host that wants them starts them, or units of its own. */
export const DISABLED_UNITS: readonly string[] = ['etcd.service', 'nginx.service'];

/** What a host does not need: the lab gives it its network and its console, and timers would wake 30 hosts at once. */
export const MASKED_UNITS: readonly string[] = [
  'systemd-networkd.service', 'systemd-networkd.socket', 'systemd-networkd-wait-online.service', 'systemd-resolved.service',
  'systemd-timesyncd.service', 'systemd-pstore.service', 'systemd-update-utmp.service', 'systemd-update-utmp-runlevel.service',
  'getty@tty1.service', 'getty.target', 'console-getty.service', 'e2scrub_reap.service',
  'apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer', 'systemd-tmpfiles-clean.timer',
  'dev-hugepages.mount', 'sys-fs-fuse-connections.mount', 'systemd-ask-password-console.path', 'systemd-ask-password-wall.path',
];

/** Files of the root. */
export const ROOT_FILES: readonly ExtraFile[] = [
  { path: '/etc/ssh/sshd_config.d/lab.conf', content: 'UseDNS no\n' },
  // While pam_nologin still stands only root could log in; so whoever sees sshd answer can log in as any user.
  { path: '/etc/systemd/system/ssh.service.d/lab.conf', content: '[Unit]\nAfter=systemd-user-sessions.service\n' },
  { path: '/etc/systemd/journald.conf.d/lab.conf', content: '[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\nRateLimitIntervalSec=0\n' },
  // kubemark opens it.
  { path: '/etc/tmpfiles.d/lab.conf', content: 'L+ /dev/kmsg - - - - /dev/null\n' },
  // Without it systemd would ask for a first-boot set-up; each host has its own id written over it.
  { path: '/etc/machine-id', content: '' },
];

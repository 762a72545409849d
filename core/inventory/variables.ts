/** The inventory variables that say how a host is reached, by the names that Ansible gives them. */

/** Variables of one meaning, the one that wins last. */
export const NAMES = {
  type: ['ansible_connection'],
  address: ['ansible_ssh_host', 'ansible_host'],
  port: ['ansible_ssh_port', 'ansible_port'],
  user: ['ansible_ssh_user', 'ansible_user'],
  privateKeyFile: ['ansible_private_key_file', 'ansible_ssh_private_key_file'],
  password: ['ansible_ssh_password', 'ansible_ssh_pass', 'ansible_password'],
  become: ['ansible_become'],
  becomeMethod: ['ansible_become_method'],
  becomeUser: ['ansible_become_user'],
  becomePassword: ['ansible_become_pass', 'ansible_become_password'],
  hostKeys: ['runsheet_host_key'],
  knownHosts: ['runsheet_known_hosts'],
  stateDirectory: ['runsheet_state_dir'],
  sshArgs: ['ansible_ssh_args', 'ansible_ssh_common_args', 'ansible_ssh_extra_args'],
} as const satisfies Record<string, readonly string[]>;

/** What they are called when they are passwords. */
export const PASSWORDS: ReadonlySet<string> = new Set([...NAMES.password, ...NAMES.becomePassword]);

/** Orders groups of the same depth; a group with a higher number wins. */
export const PRIORITY = 'ansible_group_priority';

/** What a variable is refused for, by name: it would change how a host is reached, and Runsheet would do something else. */
export const REFUSED: ReadonlyMap<string, string> = new Map([
  ...['ansible_ssh_executable', 'ansible_ssh_proxy_command', 'ansible_paramiko_proxy_command']
    .map(name => [name, 'Runsheet does not start the ssh program; take it out'] as const),
  ...['ansible_host_key_checking', 'ansible_ssh_host_key_checking', 'ansible_paramiko_host_key_checking']
    .map(name => [name, 'host keys are always verified; take it out and use --host-key accept-new, runsheet_host_key or runsheet_known_hosts'] as const),
  ...['ansible_become_exe', 'ansible_become_flags', 'ansible_sudo_exe', 'ansible_sudo_flags']
    .map(name => [name, 'sudo is called in one way only; take it out'] as const),
]);

/** Variables that tune Ansible itself and mean nothing here. */
export const IGNORED: ReadonlySet<string> = new Set([
  PRIORITY, 'ansible_python_interpreter', 'ansible_pipelining', 'ansible_ssh_pipelining', 'ansible_ssh_transfer_method', 'ansible_scp_if_ssh',
  'ansible_sftp_batch_mode', 'ansible_ssh_retries', 'ansible_shell_executable', 'ansible_shell_type', 'ansible_remote_tmp',
  'ansible_ssh_control_path', 'ansible_ssh_control_path_dir', 'ansible_ssh_timeout', 'ansible_timeout', 'ansible_connection_timeout',
]);

/** All names with a meaning, for "did you mean". */
export const KNOWN: ReadonlySet<string> = new Set([...Object.values(NAMES).flat(), ...REFUSED.keys(), ...IGNORED]);

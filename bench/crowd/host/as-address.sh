#!/bin/sh
# What sshd runs for every command: the command itself, in the mount namespace of the address that was called.
# shellcheck disable=SC2086 # words: client's address and port, server's address and port
set -- $SSH_CONNECTION
read -r holder <"/run/addresses/$3"
exec nsenter --mount="/proc/$holder/ns/mnt" -- /bin/sh -c "${SSH_ORIGINAL_COMMAND:-true}"

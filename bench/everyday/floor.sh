#!/bin/sh
# The floor: `ssh HOST true` on all hosts, as many side by side as said.
# Usage: SSH='ssh OPTIONS' floor.sh HOSTS AT_ONCE
#   HOSTS: lines "NAME ADDRESS". Exits 123 if one failed.
set -u
# shellcheck disable=SC2086 # $SSH is words
cut -d' ' -f2 "$1" | xargs -P "$2" -I ADDRESS $SSH root@ADDRESS true

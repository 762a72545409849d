#!/bin/sh
# Makes N addresses of this host look like hosts of their own where it matters to a run: each has a /run/lock and a /var/lib/runsheet for itself, in a
# mount namespace that a sleeping process holds. (Else a thousand hosts would have one lock, and all but one would be refused, rightly.)
# Usage: addresses N
set -eu
own='mount --bind "$1/lock" /run/lock && mount --bind "$1/runsheet" /var/lib/runsheet && echo $$ >"$2" && exec sleep infinity'
mkdir -p /run/addresses /var/lib/runsheet
i=0
while [ $i -lt "$1" ]; do
  address=127.1.$((i / 250)).$((i % 250 + 1))
  i=$((i + 1))
  [ ! -e "/run/addresses/$address" ] || continue
  mkdir -p "/srv/addresses/$address/lock" "/srv/addresses/$address/runsheet"
  unshare --mount sh -c "$own" sh "/srv/addresses/$address" "/run/addresses/$address" </dev/null >/dev/null 2>&1 &
done
# All of them are there when the last one is written.
tries=0
until [ "$(find /run/addresses -type f -size +0 | wc -l)" -ge "$1" ]; do
  tries=$((tries + 1))
  [ $tries -lt 600 ] || { echo "the addresses are not ready" >&2; exit 1; }
  sleep 0.2
done

#!/bin/sh
. /etc/pulse.conf
while :; do
  date >"$state/last"
  sleep "$seconds"
done

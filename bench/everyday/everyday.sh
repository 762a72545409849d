#!/bin/sh
# The twelve tasks of lab/everyday/everyday.ts as a shell user writes them: on each host a command a task over one open connection, all hosts side by side.
# Usage: SSH='ssh OPTIONS' everyday.sh VERSION HOSTS FILES SOCKETS
#   HOSTS: lines "NAME ADDRESS"; FILES: the folder of templates and files; SOCKETS: a folder for ControlMaster's sockets
# Prints "NAME changed=N failed=N" for each host.
set -u
version=$1 hosts=$2 files=$3 sockets=$4
other=v1
[ "$version" = v2 ] || other=v2
folder=/opt/pulse-$version
program=$folder/pulse.sh
state=/var/lib/pulse-$version
unit=/etc/systemd/system/pulse.service
line="172.72.0.1 registry-$version"

on() { $SSH -o ControlMaster=auto -o ControlPersist=60 -o ControlPath="$sockets/%C" "root@$address" "$@"; }

# One task: what prints "changed" has changed something.
task() {
  if said=$(on "set -e; $1"); then
    [ "$said" = changed ] || return 1
    changed=$((changed + 1))
  else
    failed=$((failed + 1))
    return 1
  fi
}

# Standard input becomes the file $1 with mode $2.
put() {
  task "f=$1; cat >\$f.new; chmod $2 \$f.new
    if cmp -s \$f.new \$f && [ \$(stat -c %a \$f) = $2 ]; then rm \$f.new; else mv \$f.new \$f; echo changed; fi"
}

directory() { task "[ -d $1 ] && [ \$(stat -c %a:%U $1) = $2:root ] || { mkdir -p $1; chmod $2 $1; chown root $1; echo changed; }" </dev/null; }

render() { sed -e "s|{{host}}|$name|" -e 's|{{seconds}}|60|' -e "s|{{state}}|$state|" -e "s|{{program}}|$program|" "$files/templates/$1"; }

host() {
  changed=0 failed=0 restart=no
  directory "$folder" 755
  directory "$state" 750
  render pulse.conf.hbs >"$sockets/$name.conf"
  render pulse.service.hbs >"$sockets/$name.service"
  put /etc/pulse.conf 640 <"$sockets/$name.conf" && restart=yes
  put "$program" 755 <"$files/files/pulse.sh" && restart=yes
  put "$unit" 644 <"$sockets/$name.service"
  task '[ "$(systemctl show -p NeedDaemonReload --value pulse)" = no ] || { systemctl daemon-reload; echo changed; }' </dev/null
  task "[ -e $state/id ] || { openssl rand -hex 16 >$state/id; echo changed; }" </dev/null
  task 'x=; systemctl is-enabled -q pulse 2>/dev/null || { systemctl enable -q pulse; x=changed; }; systemctl is-active -q pulse || { systemctl start pulse; x=changed; }; echo $x' </dev/null
  task "f=/etc/hosts; l='$line'; grep -qxF \"\$l\" \$f || { grep -q ' registry-v.\$' \$f && sed -i \"s/^.* registry-v.\$/\$l/\" \$f || echo \"\$l\" >>\$f; echo changed; }" </dev/null
  task "[ \"\$(readlink /usr/local/bin/pulse)\" = $program ] || { ln -sfn $program /usr/local/bin/pulse; echo changed; }" </dev/null
  task "stat $state/id >/dev/null" </dev/null
  task "f=/opt/pulse-$other/pulse.sh; [ ! -e \$f ] || { rm \$f; echo changed; }" </dev/null
  [ $restart = no ] || task 'systemctl restart pulse; echo changed' </dev/null
  on -O exit 2>/dev/null
  echo "$name changed=$changed failed=$failed"
}

while read -r name address; do
  host &
done <"$hosts"
wait

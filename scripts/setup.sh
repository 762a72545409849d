#!/bin/sh
# Makes a checkout ready: the packages of package-lock.json, and on Debian as root what the lab and the tests need.
# Idempotent, and quick when nothing is missing. Usage: sh scripts/setup.sh [--no-lab]
set -eu
cd "$(dirname "$0")/.."

lab=yes
case "${1:-}" in
  '') ;;
  --no-lab) lab=no ;;
  *) echo "setup: unknown option $1; usage: sh scripts/setup.sh [--no-lab]" >&2; exit 1 ;;
esac

check_node() {
  if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    echo "setup: Runsheet needs Node.js 20.19 or newer with npm; install it and run this again." >&2
    exit 1
  fi
  if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'; then
    echo "setup: Runsheet needs Node.js 20.19 or newer, and this is $(node --version)." >&2
    exit 1
  fi
}

# Sets $lab to no where there can be none.
check_lab() {
  [ "$lab" = yes ] || { echo "setup: without the lab (--no-lab): its packages are not looked at."; return; }
  if [ "$(uname -s)" != Linux ] || [ "$(id -u)" != 0 ]; then
    echo "setup: without the lab: it needs Linux and root. Lab tests and the demo are left out; the unit tests run."
    lab=no
  elif ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: the lab needs a Debian-like system with apt; here, use --no-lab for everything else." >&2
    exit 1
  fi
}

# Prints those of the packages in packages.txt that are not installed.
missing_packages() {
  wanted=$(grep -v -e '^#' -e '^$' scripts/packages.txt)
  # shellcheck disable=SC2086 # one word a package
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null | sed -n 's/ installed$//p' || true)
  for package in $wanted; do
    case "
$installed
" in
      *"
$package
"*) ;;
      *) echo "$package" ;;
    esac
  done
}

install_packages() {
  missing=$(missing_packages | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  echo "setup: installing $missing"
  forbid_services
  # No lists yet, or stale ones: the second try tells. A third party's source that fails is none of our business.
  # shellcheck disable=SC2086
  apt_install $missing >/dev/null 2>&1 || { apt-get -o DPkg::Lock::Timeout=300 -qq update || true; apt_install $missing >/dev/null; }
  keep_off ssh openssh-server
  keep_off nginx nginx-light
  keep_off etcd etcd-server
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -qq install --yes --no-install-recommends "$@"
}

# The tests start these programs themselves: a service that came with a package just now must not start at the next boot either.
keep_off() {
  case " $missing" in
    *" $2 "*) systemctl --quiet disable "$1" 2>/dev/null || true ;;
  esac
}

forbid_services() {
  policy=/usr/sbin/policy-rc.d
  [ ! -e "$policy" ] || return 0
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  trap 'exit 130' INT TERM HUP
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
}

install_node_modules() {
  node scripts/installed.js || { echo "setup: npm ci"; npm ci --no-audit --no-fund --loglevel=error; }
}

check_node
check_lab
# Two at once (a test and a demo, say) would tear node_modules from under each other.
if command -v flock >/dev/null 2>&1; then
  exec 9< package-lock.json
  flock 9
fi
[ "$lab" = no ] || install_packages
install_node_modules

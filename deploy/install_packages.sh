#!/usr/bin/env bash
# Installs what deploy/packages.txt names and this machine lacks; does nothing when all of it is there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

missing=()
while read -r package; do
  dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done < <(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$here/packages.txt")
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ]; then as_root=(env); else as_root=(sudo -n env); fi
"${as_root[@]}" true 2>/dev/null || {
  echo "dq: these Debian packages are missing and installing them needs root: ${missing[*]}" >&2
  echo "dq: run as root:  apt-get install -y ${missing[*]}" >&2
  exit 1
}
echo "dq: installing ${#missing[@]} Debian packages" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
  "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get update -q &&
    "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}
install >"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }

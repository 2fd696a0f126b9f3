#!/usr/bin/env bash
# From a clean machine to a cleaned file: installs packages, builds, starts a private PostgreSQL, one
# scheduler and two workers (`dqctl dev`), cleans tests/data/customers_dirty.csv through them, stops them.
#
#   deploy/quickstart.sh                   all of it; ends COMPLETED, exit 0
#   deploy/quickstart.sh --keep            the same, and leaves the fleet running
#   deploy/quickstart.sh --data-dir DIR    where the fleet keeps its data (default .dq/quickstart)
#   deploy/quickstart.sh --preset dev      another build (default release)
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

preset=release
data_dir=$repository/.dq/quickstart
keep=no
while [ $# -gt 0 ]; do
  case $1 in
  --keep) keep=yes; shift ;;
  --preset) preset=${2:?--preset needs a name: dev, asan, release}; shift 2 ;;
  --data-dir) data_dir=$(realpath -m -- "${2:?--data-dir needs a folder}"); shift 2 ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
  *) echo "quickstart: unknown argument $1; see --help" >&2; exit 2 ;;
  esac
done

say() { printf '\n== %s\n' "$*"; }

say "packages"
"$repository/deploy/install_packages.sh"

say "build ($preset)"
cd "$repository"
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" --target dq-scheduler dq-worker dq-worker-agent dqctl
PATH=$repository/build/$preset/bin:$PATH

say "fleet: PostgreSQL, one scheduler, two workers"
mkdir -p "$data_dir"
ready=$data_dir/address
rm -f "$ready"
setsid dqctl dev --data-dir "$data_dir" --workers 2 --listen 127.0.0.1:0 --ready-file "$ready" \
  >"$data_dir/dev.log" 2>&1 </dev/null &
fleet=$!
stop_fleet() {
  kill -TERM "$fleet" 2>/dev/null || return 0
  wait "$fleet" || true
}
trap stop_fleet EXIT
while [ ! -s "$ready" ]; do
  kill -0 "$fleet" 2>/dev/null || { cat "$data_dir/dev.log" >&2; exit 1; }
  sleep 0.05
done
DQ_ADDRESS=$(cat "$ready")
export DQ_ADDRESS
echo "ready at $DQ_ADDRESS, data in $data_dir"

say "clean tests/data/customers_dirty.csv"
cleaned=$data_dir/customers.cleaned.csv
dqctl clean tests/data/customers_dirty.csv --reference tests/data/customers_reference.csv \
  --key customer_id -o "$cleaned" --report "$data_dir/report.json" --changes "$data_dir/changes.csv"

job=$(dqctl job list --limit 1 -o ndjson | sed -n 's/^{"name":"\([^"]*\)".*/\1/p')
say "what happened to $job"
dqctl job events "$job"

if [ "$keep" = yes ]; then
  trap - EXIT
  disown "$fleet"
  say "the fleet stays"
  echo "use it:   export DQ_ADDRESS=$DQ_ADDRESS PATH='$repository/build/$preset/bin':\$PATH"
  echo "          dqctl clean FILE.csv      dqctl job list      dqctl doctor"
  echo "stop it:  kill $fleet"
else
  stop_fleet
  trap - EXIT
fi

say "the cleaned file is $cleaned"
echo COMPLETED

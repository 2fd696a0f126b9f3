#!/usr/bin/env bash
# Pauses a job over a file of 1 GB in the middle, lets it go on on another worker and compares the result, byte for
# byte, with that of a job that nobody disturbed. A release build; about 6 GB in TMPDIR.
#
#   tests/e2e/large.sh [MEGABYTES]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
case ${1:-} in -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;; esac

deploy/install_packages.sh
{ cmake --preset release && cmake --build --preset release --target e2e_pause_test dq-scheduler dq-worker dq-worker-agent dqctl; } >&2
DQ_PAUSE_TEST_MB=${1:-1000} exec build/release/tests/e2e_pause_test

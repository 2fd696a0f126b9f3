#!/usr/bin/env bash
# Lints proto/ with buf (npm @bufbuild/buf). Usage: buf_lint_test.sh SOURCE_DIR CACHE_DIR
# Exit 77 (skipped) when npm is absent or cannot provide buf.
set -euo pipefail
source_dir=$1 cache=$2
version=1.47.2
command -v npm >/dev/null || { echo "skipped: npm is not installed"; exit 77; }
if [ ! -x "$cache/node_modules/.bin/buf" ]; then
  mkdir -p "$cache"
  if ! timeout 120 npm install --prefix "$cache" --no-audit --no-fund --silent "@bufbuild/buf@$version"; then
    echo "skipped: npm cannot provide @bufbuild/buf@$version"; exit 77
  fi
fi
cd "$source_dir/proto"
"$cache/node_modules/.bin/buf" lint
echo "buf lint: clean"

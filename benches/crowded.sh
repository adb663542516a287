#!/usr/bin/env bash
# The public site of a node with 100,000 contributions under load, as Markdown:
#   benches/crowded.sh [FOLDER]
# The market lies in FOLDER (target/crowded), and is made there the first time, which takes some minutes. Needs wrk and curl.
# SECONDS_EACH (5); CONTRIBUTIONS (100000) and REQUESTS (500) of a market that is made. To repeat one part: PARTS="pages queries".
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${1:-target/crowded}"
export SECONDS_EACH="${SECONDS_EACH:-5}"
cargo build --quiet --release -p galen-benches --bin crowded --bin listeners
said="$(mktemp)"
target/release/crowded "$folder" 127.0.0.1:0 "${CONTRIBUTIONS:-100000}" "${REQUESTS:-500}" >"$said" &
node=$!
trap 'kill "$node" 2>/dev/null || true; wait "$node" || true; rm -f "$said"' EXIT
until grep -q '^query /v1/governance$' "$said"; do
  kill -0 "$node"
  sleep 1
done
site="$(head -n 1 "$said")"
paths() { sed -n "s/^$1 //p" "$said"; }
short() { sed -E 's/[0-9a-f]{64,}/…/g'; }
part() { case " ${PARTS:-pages queries listeners weight} " in *" $1 "*) ;; *) return 1 ;; esac }

echo "Load before: $(cut -d ' ' -f 1-3 /proc/loadavg). $(curl -s "$site/v1/chain" | grep -oE '"(height|requests|contributions|notes)":[0-9]+' | tr -d '"' | paste -sd ' ')"
if part pages; then
  printf '\n%s\n\n' "Pages, one caller who asks again as soon as it is answered: the time of the server."
  paths page | HEADER='Accept-Encoding: gzip' CONNECTIONS=1 xargs benches/load.sh "$site" | short
fi
if part queries; then
  printf '\n%s\n\n' "Queries, one caller."
  paths query | CONNECTIONS=1 xargs benches/load.sh "$site" | short
  printf '\n%s\n\n' "Queries, 32 callers: as many as it can, and the time is mostly that of waiting in line."
  paths query | CONNECTIONS=32 xargs benches/load.sh "$site" | short
fi
if part listeners; then
  printf '\n%s\n\n' "Listeners."
  target/release/listeners "$site/v1/events" 200 20
fi
if part weight; then
  printf '\n%s\n\n| page | page | assets | together | scripts |\n|---|---|---|---|---|\n' "Bytes transferred, compressed."
  weight() { curl -s -H 'Accept-Encoding: gzip' -o "$2" -w '%{size_download} + %{size_header}' "$site$1" | sed 's/^/(/; s/$/)/'; }
  got="$(mktemp)"
  for path in / $(paths page | grep -E '^/(requests|blocks|participants)$|/verify$'); do
    page=$(($(weight "$path" "$got"))); assets=0; scripts=""
    for asset in $(gzip -cd "$got" | grep -oE '/assets/[^"]+' | sort -u); do
      assets=$((assets + $(weight "$asset" /dev/null)))
      case "$asset" in *.js) scripts="$scripts ${asset##*/}" ;; esac
    done
    if gzip -cd "$got" | grep -q snarkjs; then scripts="$scripts snarkjs"; fi
    if gzip -cd "$got" | grep -q 'data-worker="/verify/worker.js"'; then
      scripts="$scripts worker.js, which loads snarkjs ($(($(weight /verify/snarkjs.min.js /dev/null))) bytes)"
    fi
    echo "| $path | $page | $assets | $((page + assets)) |$scripts |" | short
  done
  rm -f "$got"
fi
printf '\n%s\n' "Load after: $(cut -d ' ' -f 1-3 /proc/loadavg)."

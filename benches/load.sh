#!/usr/bin/env bash
# Requests a second and latency of a running site, path by path, with wrk on this machine:
#   benches/load.sh http://127.0.0.1:PORT /v1/status /v1/contributions /
# SECONDS_EACH (10), CONNECTIONS (32), THREADS (1: the site needs the other core), HEADER ('Authorization: Bearer …').
# Exits with 1 when a path has answers that are errors: their figures would say nothing.
set -euo pipefail
site="${1:?say which site: http://127.0.0.1:PORT}"; shift
case "$site" in
  http://127.0.0.1:* | http://localhost:* | "http://[::1]:"*) ;;
  *) echo "only sites on this machine are loaded" >&2; exit 2 ;;
esac
header=(); if [ -n "${HEADER:-}" ]; then header=(--header "$HEADER"); fi
failed=0
echo "| path | requests/s | p50 | p99 | errors |"
echo "|---|---|---|---|---|"
for path in "${@:-/}"; do
  said="$(wrk --latency --threads "${THREADS:-1}" --connections "${CONNECTIONS:-32}" \
    --duration "${SECONDS_EACH:-10}s" "${header[@]}" "${site%/}$path")"
  awk -v path="$path" '
    /Requests\/sec/ { rate = $2 } $1 == "50%" { p50 = $2 } $1 == "99%" { p99 = $2 }
    /Non-2xx/ { errors += $NF } /Socket errors/ { gsub(",", ""); errors += $4 + $6 + $8 + $10 }
    END { printf "| %s | %s | %s | %s | %d |\n", path, rate, p50, p99, errors; exit errors > 0 }' <<<"$said" || failed=1
done
exit "$failed"

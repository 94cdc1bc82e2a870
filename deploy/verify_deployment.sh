#!/usr/bin/env bash
# The deployment guide's checks of a running API.
#   deploy/verify_deployment.sh [URL]        URL defaults to http://127.0.0.1:8000; needs curl and jq
# Prints one line a check; exits with 1 if any failed. Waits up to WAIT_SECONDS (default 0) for the API to be ready.
set -uo pipefail

url="${1:-http://127.0.0.1:8000}"
url="${url%/}"
wait_seconds="${WAIT_SECONDS:-0}"
passed=0 failed=0

get() { # PATH -> prints the body; fails unless the status is 200
  curl --silent --show-error --fail --max-time 15 "$url$1"
}

# check NAME PATH JQ-FILTER JQ-CONDITION: the condition judges what the filter finds
check() {
  local body found
  if ! body="$(get "$2" 2>&1)"; then
    failed=$((failed + 1))
    printf 'FAIL  %-22s GET %s: %s\n' "$1" "$2" "$(printf '%s' "$body" | tail -n 1)"
    return
  fi
  found="$(printf '%s' "$body" | jq --compact-output "$3" 2>/dev/null)"
  if printf '%s' "$found" | jq --exit-status "$4" >/dev/null 2>&1; then
    passed=$((passed + 1))
    printf 'pass  %-22s %s = %s\n' "$1" "$3" "$(printf '%s' "$found" | cut -c 1-60)"
  else
    failed=$((failed + 1))
    printf 'FAIL  %-22s GET %s: %s is %s, expected %s\n' "$1" "$2" "$3" "${found:-not there}" "$4"
  fi
}

deadline=$((SECONDS + wait_seconds))
until get /health/ready >/dev/null 2>&1 || [ "$SECONDS" -ge "$deadline" ]; do sleep 1; done

# Without a snapshot /health says 503, with a reason: that is somebody who answers.
if [ "$(curl --silent --max-time 15 --output /dev/null --write-out '%{http_code}' "$url/health")" = 000 ]; then
  printf 'no answer at %s\n' "$url" >&2
  exit 1
fi

printf 'deployment at %s\n' "$url"
check 'health'            /health                   .status                    '. == "healthy"'
check 'snapshot age'      /health                   .snapshot_age_seconds      'type == "number"'
check 'last update'       /health                   .last_updated              'type == "number" and . > 0'
check 'identity'          /                         .api_name                  '. == "Xandeum PNode Analytics API"'
check 'nodes tracked'     /                         .system_status.nodes_tracked 'type == "number" and . > 0'
check 'node list'         '/pnodes?status=all&limit=1' '.pnodes[0].address'       'type == "string" and length > 0'
check 'recommendations'   '/recommendations?limit=1' '.recommendations'         'type == "array" and all(.[]; .score | type == "number")'
check 'network health'    /network/health           .health.health_score       'type == "number"'
check 'analytics'         /network/analytics        .performance               'type == "object"'

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]

#!/usr/bin/env bash
# Asks a running API every route, and checks status and shape of each answer.
#   tests/test_api.sh [URL]        URL defaults to http://127.0.0.1:8000; needs curl and jq
# Prints one line a check; exits with 1 if any failed, with 2 if nothing answers at URL.
set -uo pipefail

url="${1:-http://127.0.0.1:8000}"
url="${url%/}"
body="$(mktemp)" head="$(mktemp)"
trap 'rm -f "$body" "$head"' EXIT
passed=0 failed=0

report() { # NAME RESULT [FOUND]
  if [ "$2" = pass ]; then
    passed=$((passed + 1))
    printf 'pass  %s\n' "$1"
  else
    failed=$((failed + 1))
    printf 'FAIL  %s: %s\n' "$1" "${3:-}"
  fi
}

ask() { # CURL-ARGUMENTS... -> prints the status; body and headers are left in files
  curl --silent --max-time 15 --path-as-is --output "$body" --dump-header "$head" --write-out '%{http_code}' "$@"
}

# check NAME STATUS PATH JQ-CONDITION
check() {
  local status
  status="$(ask "$url$3")"
  if [ "$status" != "$2" ]; then
    report "$1" fail "GET $3 gave $status, expected $2"
  elif ! jq --exit-status "$4" "$body" >/dev/null 2>&1; then
    report "$1" fail "GET $3 lacks: $4"
  else
    report "$1" pass
  fi
}

# method METHOD STATUS PATH: another method than GET
method() {
  local status
  if [ "$1" = HEAD ]; then status="$(ask --head "$url$3")"; else status="$(ask --request "$1" "$url$3")"; fi
  if [ "$status" = "$2" ]; then
    report "$1 $3" pass
  else
    report "$1 $3" fail "gave $status, expected $2"
  fi
}

if [ "$(ask "$url/health/live")" != 200 ]; then
  printf 'nothing answers at %s/health/live\n' "$url" >&2
  exit 2
fi

ask "$url/pnodes?status=all&sort_by=score&limit=2" >/dev/null
first="$(jq --raw-output '.pnodes[0].address // "none"' "$body")"
second="$(jq --raw-output '.pnodes[1].address // "none"' "$body")"

printf 'API at %s\n\nservice\n' "$url"
check 'catalogue' 200 / '.api_name == "Xandeum PNode Analytics API" and (.version | type == "string") and .core_endpoints.health.path == "/health"'
check 'tracked nodes' 200 / '.system_status.nodes_tracked > 0'
check 'score policy' 200 / '.scoring_system.policy.tiers | length >= 3'
check 'health' 200 /health '(.status == "healthy" or .status == "degraded") and (.snapshot_age_seconds | type == "number") and (.uptime | type == "number")'
check 'live' 200 /health/live '.status == "live"'
check 'ready' 200 /health/ready '.status == "ready"'

printf '\nnodes\n'
check 'list' 200 '/pnodes?limit=5' '(.pnodes | length) <= 5 and (.summary.total_pnodes >= .summary.online_pnodes) and (.pagination.returned == (.pnodes | length))'
check 'numbers' 200 '/pnodes?status=all&limit=1000' '[.pnodes[] | .score, .uptime, .last_seen, .storage_usage_percent, .peer_count, .uptime_days] | all(type == "number")'
check 'online only' 200 '/pnodes?status=online&limit=1000' '[.pnodes[].is_online] | all'
check 'offline only' 200 '/pnodes?status=offline&limit=1000' '[.pnodes[].is_online] | any | not'
check 'order' 200 '/pnodes?sort_by=score&sort_order=desc&limit=1000' '[.pnodes[].score] | . == (sort | reverse)'
check 'recommendations' 200 '/recommendations?limit=3' '(.recommendations | length) <= 3 and ([.recommendations[] | .score, .scores.trust, .scores.capacity] | all(type == "number"))'
check 'compare' 200 "/pnodes/compare?addresses=$first,$second" '(.comparison | length) == 2 and (.winners | length) == 6'
check 'registry' 200 '/registry?limit=5' '(.items | length) == .count'
check 'registry entry' 200 "/registry/$first" ".entry.address == \"$first\" and (.entry.score | type == \"number\") and (.status.status | type == \"string\")"
check 'graveyard' 200 /graveyard '.threshold_days == 90 and (.items | type == "array")'
check 'node alerts' 200 "/pnodes/$first/alerts" '.summary.total == (.alerts | length)'
check 'node consistency' 200 "/node/$first/consistency" '.consistency.score >= 0 and (.recommendations | length) >= 1'
check 'node history' 200 "/node/$first/history?days=1" '.available | type == "boolean"'
check 'node metrics' 200 "/node/$first/metrics-summary" '.metrics.available | type == "boolean"'
check 'history status' 200 /nodes/history-status '.total_nodes_with_history >= (.nodes | length)'
check 'all nodes' 200 /all-nodes '(.ip_nodes | type == "object") and (.merged_pnodes | type == "array") and (.summary.unique_pnodes | type == "number")'

printf '\nnetwork\n'
check 'health of the network' 200 /network/health '.health.health_score >= 0 and .health.health_score <= 100 and (.health.factors | length) == 4'
check 'analytics' 200 /network/analytics '(.performance.cycle_seconds | type == "number") and (.version_analysis.latest_version | type == "string") and (.growth | has("24_hours"))'
check 'topology' 200 /network/topology '.stats.total_nodes == (.nodes | length) and .stats.total_connections == (.edges | length)'
check 'history' 200 '/network/history?hours=24' '.summary.data_points == (.history | length) and (.summary.node_growth.growth | type == "number")'
check 'growth' 200 '/network/growth?hours=24' '.growth_metrics.available | type == "boolean"'
check 'consistency' 200 /network/consistency '.summary.avg_consistency_score >= 0 and (.nodes | type == "array")'
check 'operators' 200 /operators '.summary.total_operators >= (.operators | length)'
check 'alerts' 200 /alerts '.summary.total == (.summary.critical + .summary.warning + .summary.info)'
check 'critical alerts' 200 /alerts/critical '(.critical_nodes | type == "array") and .summary.warning == 0'

printf '\nrefusals\n'
check 'wrong limit' 422 '/pnodes?limit=0' '.detail[0].loc == ["query", "limit"]'
check 'limit above the bound' 422 '/pnodes?limit=1001' '.detail[0].type == "less_than_equal"'
check 'wrong word' 422 '/pnodes?status=nonsense' '.detail | length == 1'
check 'too few to compare' 400 "/pnodes/compare?addresses=$first" '.error and .example'
check 'unknown to compare' 404 "/pnodes/compare?addresses=$first,nobody" '.missing == ["nobody"]'
check 'unknown node' 404 /registry/nobody '.jsonrpc == "2.0" and (.error.message | type == "string")'
check 'unknown node alerts' 404 /pnodes/nobody/alerts '.error and .suggestion'
check 'unknown path' 404 /nothing-here '.detail == "Not Found"'
method DELETE 405 '/prune?days=-1'
method POST 405 /pnodes

printf '\nHTTP\n'
method HEAD 200 /pnodes
method HEAD 200 /health
ask "$url/network/health" >/dev/null
etag="$(tr -d '\r' <"$head" | sed -n 's/^[Ee][Tt][Aa][Gg]: //p')"
status="$(ask --header "If-None-Match: $etag" "$url/network/health")"
if [ -n "$etag" ] && [ "$status" = 304 ]; then report 'not modified' pass; else report 'not modified' fail "gave $status for tag '$etag'"; fi
ask --header 'Accept-Encoding: gzip' "$url/pnodes?status=all" >/dev/null
if grep -qi '^content-encoding: gzip' "$head"; then report 'compression' pass; else report 'compression' fail 'no content-encoding: gzip'; fi
ask --header 'Origin: https://dashboard.example' "$url/pnodes" >/dev/null
if grep -qi '^access-control-allow-origin: \*' "$head"; then report 'any origin' pass; else report 'any origin' fail 'no access-control-allow-origin: *'; fi
if grep -qi '^access-control-allow-credentials' "$head"; then report 'no credentials' fail 'credentials are allowed'; else report 'no credentials' pass; fi

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]

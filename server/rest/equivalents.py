"""The GraphQL query that is equivalent to each route. Tests validate them against the schema."""

_PNODE = "id address pubkey status isPublic version uptime storageCommitted storageUsed witnessCount score { composite tier }"
_ONE = "query ($address: String!) { pnode(address: $address) { %s } }"
_PAST = "query ($address: String!, $from: DateTime!) { pnode(address: $address) { %s } }"

EQUIVALENTS = {
    "getCatalogue": "{ serviceConfig { name release network intervalSeconds } snapshot { totals { inGossip } ageSeconds takenAt }"
    " scorePolicy { version latestVersion tiers { tier color } } }",
    "getHealth": "{ snapshot { takenAt ageSeconds stale totals { inGossip seedsOk seedsConfigured } }"
    " collector { outcome attemptedAt } }",
    "getLiveness": "{ __typename }",
    "getReadiness": "{ snapshot { slot } }",
    "listPnodes": "query ($after: String) { pnodes(first: 100, after: $after, where: {status: {eq: ONLINE}},"
    f" orderBy: [{{field: LAST_SEEN, direction: DESC}}]) {{ totalCount nodes {{ {_PNODE} }}"
    " pageInfo { endCursor hasNextPage } snapshot { totals { total online storageCommitted } } } }",
    "comparePnodes": "query ($addresses: [String!]!) { comparePnodes(addresses: $addresses) {"
    f" pnodes {{ {_PNODE} }} winners {{ category pnode {{ address }} }} recommended {{ address }} reason }} }}",
    "getPnodeAlerts": _ONE % "alerts { severity type metric message recommendation }",
    "listRecommendations": "{ recommendations(first: 10, where: {minUptimeDays: 7}) { evaluated nodes {"
    f" pnode {{ {_PNODE} }} criteria {{ name passed }} reasons }} }} }}",
    "listRegistry": "{ pnodes(first: 100, orderBy: [{field: LAST_SEEN, direction: DESC}]) { totalCount nodes {"
    " address firstSeen lastSeen consistency { appearances disappearances } } } }",
    "getRegistryEntry": _ONE % f"{_PNODE} firstSeen lastSeen previousAddresses {{ address until }}"
    " consistency { score appearances disappearances lastDrop } provenance { seed observedAt }",
    "getPnode": _ONE % f"{_PNODE} firstSeen lastSeen consistency {{ score appearances disappearances lastDrop }}",
    "listGraveyard": "query ($before: DateTime!) { pnodes(where: {lastSeen: {lt: $before}}) { totalCount nodes {"
    " address lastSeen } } }",
    "getNetworkHealth": "{ networkHealth { score status factors { availability versionConsistency nodeQuality"
    " connectivity } totals { total online } alerts { level type message recommendation } } }",
    "getNetworkTopology": "query ($after: String) { topology(first: 500, after: $after) { seeds { id label }"
    " nodes { id label group pnode { address } } edges { source target address } stats { connections } } }",
    "getNetworkAnalytics": "{ networkAnalytics { population { online public } versions { latestVersion"
    " distribution { version count } } storage { optimalPercent } connectivity { wellConnectedPercent }"
    " advice { category level message action } } growth(hours: 24) { inGossip { delta percent } }"
    " collector { timing { totalSeconds } } }",
    "getNetworkHistory": "query ($from: DateTime!) { history(from: $from, resolution: AUTO, includeCurrent: true) {"
    " resolution coverage points { start partial inGossip { last } online { last } storageCommitted { last }"
    " avgWitnesses { avg } versions { version } } summary { inGossip { delta percent } } } }",
    "getNetworkGrowth": "{ growth(hours: 24) { start end inGossip { start end delta percent }"
    " storageCommitted { start end delta percent } witnesses { start end delta } } }",
    "getNetworkConsistency": "{ consistency(first: 100) { nodes { pnode { address } consistency { score status"
    " appearances disappearances lastDrop } } summary { average flapping stable } } }",
    "getNodeConsistency": _ONE % "status consistency { score status appearances disappearances lastAppearance lastDrop"
    " advice { level message action } }",
    "getNodeHistory": _PAST % "history(from: $from) { resolution coverage points { start isOnline"
    " uptime { last } storageUsed { last } score { avg } } summary { score { delta trend } } }"
    " availability(window: D30) { percent samples }",
    "getNodeMetricsSummary": _PAST % "history(from: $from) { points { score { avg min max } witnesses { avg } }"
    " availability { percent samples } }",
    "getHistoryStatus": "{ serviceConfig { availableRange { earliestHistory latestSnapshot }"
    " retention { raw m5 h1 } resolutions { resolution } } }",
    "listAlerts": "query ($after: String) { alerts(first: 100, after: $after) { totalCount summary { critical warning"
    " info byType { type count } } nodes { severity type address message } } }",
    "listCriticalAlerts": "{ alerts(where: {severity: {eq: CRITICAL}}) { totalCount nodes { type address message } } }",
    "listOperators": "{ operators(first: 100) { totalCount nodes { key nodeCount onlineCount storageCommitted"
    " addressCount addresses versions } concentration { byAddresses { largestPercent decentralization nakamoto } } } }",
    "getAllNodes": "{ collector { snapshot { slot } } pnodes(first: 500) { nodes { address status version witnesses"
    " provenance { seed observedAt } } } topology(first: 500) { seeds { id answers } edges { source target } } }",
}

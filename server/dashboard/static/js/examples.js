// Written by tools/dashboard_types.py from the operations and the SDL: run `make golden`.
export const EXAMPLES = [
  {
    "variables": "",
    "title": "First queries",
    "query": "query FirstQueries {\n  pnodes(first: 5, orderBy: [{field: SCORE, direction: DESC}]) {\n    totalCount\n    nodes { address pubkey version status score { composite tier } }\n  }\n  networkHealth { score status }\n  recommendations(first: 3) { nodes { pnode { address } reasons } }\n}\n"
  },
  {
    "variables": "{\"address\": \"6.129.17.59:9001\"}",
    "title": "First queries (2)",
    "query": "query node($address: String!) {\n  pnode(address: $address) {\n    id address status livenessBasis version versionsBehind uptime\n    storageCommitted storageUsed storageUsagePercent witnesses\n    score { composite tier rank trust { score } capacity { score } inputsMissing }\n    alerts { severity type message recommendation }\n  }\n}\n"
  },
  {
    "variables": "",
    "title": "General rules",
    "query": "query GeneralRules {\n  snapshot { slot slotStart takenAt ageSeconds stale interval network totals { total inGossip online ghost offline unknown } }\n  ghosts: pnodes(where: {status: {eq: GHOST}}) { totalCount }\n}\n"
  },
  {
    "variables": "",
    "title": "Pages",
    "query": "query walk($after: String) {\n  pnodes(first: 100, after: $after, where: {status: {eq: ONLINE}}, orderBy: [{field: UPTIME, direction: DESC}]) {\n    edges { cursor node { id uptime } }\n    pageInfo { hasNextPage endCursor }\n    snapshot { slot }\n  }\n}\n"
  },
  {
    "variables": "",
    "title": "Filters",
    "query": "query Filters {\n  pnodes(\n    where: {\n      version: {gte: \"0.8.0\"}\n      or: [{score: {gte: 80}}, {storageCommitted: {gt: \"1099511627776\"}}]\n      not: {address: {startsWith: \"10.\"}}\n    }\n  ) { totalCount }\n}\n"
  },
  {
    "variables": "",
    "title": "Figures over a list",
    "query": "query FiguresOverAList {\n  pnodes(first: 0, where: {status: {eq: ONLINE}}) {\n    totalCount\n    aggregate {\n      uptime { avg p50 p95 }\n      storageCommitted { sum max }\n      score { avg min }\n      groupBy(key: VERSION, top: 5) { key other size share aggregate { score { avg } } }\n    }\n  }\n}\n"
  },
  {
    "variables": "{\"at\": \"2027-01-15T07:00:30Z\"}",
    "title": "As of",
    "query": "query then($at: DateTime!) {\n  pnodes(asOf: $at, first: 3) { totalCount snapshot { slotStart } nodes { id status } }\n  networkHealth(asOf: $at) { score status }\n}\n"
  },
  {
    "variables": "{\"from\": \"2026-01-01T00:00:00Z\"}",
    "title": "History",
    "query": "query past($from: DateTime!) {\n  history(from: $from) {\n    resolution coverage truncated\n    points { start samples expected online { avg min max } avgScore { avg } storageUsed { last } versions { version share } }\n    summary { online { start end delta percent trend } }\n  }\n  growth(hours: 1) { seconds online { delta percent } storageCommitted { delta } }\n}\n"
  },
  {
    "variables": "{\"id\": \"4LEt6va4PUoTgcW5GLxXiF7GGGeQHYhGKpXRWhPE2vwv\", \"from\": \"2026-01-01T00:00:00Z\"}",
    "title": "History (2)",
    "query": "query nodeDay($id: ID!, $from: DateTime!) {\n  pnode(id: $id) {\n    availability(window: D7) { percent samples expected }\n    history(from: $from) {\n      points { start onlineShare estimate { avg } score { avg } uptime { last } }\n      summary { score { delta trend } uptime { delta } }\n    }\n  }\n}\n"
  },
  {
    "variables": "",
    "title": "History (3)",
    "query": "query History3 {\n  versionAdoption(from: \"2026-01-01T00:00:00Z\", top: 3) { version other points { start share } }\n}\n"
  },
  {
    "variables": "",
    "title": "What changed",
    "query": "query WhatChanged {\n  events(first: 20, where: {type: {in: [RESTARTED, VERSION_CHANGED]}}) {\n    totalCount\n    nodes { cursor at type subject address before after pnode { status } }\n  }\n}\n"
  },
  {
    "variables": "",
    "title": "A dashboard",
    "query": "query ADashboard {\n  networkHealth { score status factors { availability versionConsistency nodeQuality connectivity } alerts { level message } }\n  networkAnalytics {\n    versions { latestVersion compliancePercent grade distribution { version count } }\n    storage { grade distribution { empty low optimal high critical unknown } }\n    connectivity { grade answeringSeeds distribution { isolated weak good excellent } }\n    advice { level category message action }\n  }\n  alerts(first: 10, where: {severity: {eq: CRITICAL}}) { totalCount nodes { type address message } summary { total byType { type count } } }\n}\n"
  },
  {
    "variables": "",
    "title": "A dashboard (2)",
    "query": "query ADashboard2 {\n  topology(first: 100) {\n    seeds { id answers }\n    nodes { id kind label group pnode { status version } }\n    edges { source target }\n    islands { number seeds nodes }\n    pageInfo { hasNextPage endCursor }\n  }\n}\n"
  },
  {
    "variables": "{\"pubkey\": \"4LEt6va4PUoTgcW5GLxXiF7GGGeQHYhGKpXRWhPE2vwv\"}",
    "title": "A node operator",
    "query": "query mine($pubkey: String!) {\n  pnode(pubkey: $pubkey) {\n    status keyConflict versionsBehind\n    alerts { severity type message value { number text } threshold { number text } recommendation }\n    provenance { seed observedAt disagreements { field values { value seeds } } missing { field reason } }\n    consistency { score status appearances disappearances lastDrop advice { level message action } }\n    previousAddresses(first: 5) { address until }\n    operator { addressCount onlineAddressCount pnodes { address status } }\n  }\n}\n"
  },
  {
    "variables": "",
    "title": "A staker",
    "query": "query AStaker {\n  recommendations(first: 10, where: {minUptimeDays: 14, minScore: 70, requirePublic: true}) {\n    evaluated\n    totalCount\n    nodes {\n      pnode { address pubkey operator { addressCount } }\n      score { composite tier percentile }\n      criteria { name passed demanded actual { text } expected { text } unit }\n      reasons\n    }\n  }\n  operators(first: 5) { nodes { key addressCount } concentration { byAddresses { nakamoto } byStorage { largestPercent nakamoto hhi } } }\n}\n"
  },
  {
    "variables": "",
    "title": "A staker (2)",
    "query": "query AStaker2 {\n  recommendations(first: 10) {\n    nodes { pnode { address } score { rank composite low high confidence } }\n    excluded(first: 20) { pnode { address } reasons failed { name } }\n  }\n}\n"
  },
  {
    "variables": "{\"address\": \"6.129.17.59:9001\"}",
    "title": "A staker (3)",
    "query": "query advice($address: String!) {\n  pnode(address: $address) {\n    score { composite low high confidence tier rank percentile expectedLoss nextStep parts { name weight raw unit points pointsLost nextStep } }\n    upgraded: score(assume: {version: \"1.2.0\", availability: 0.99}) { composite tier }\n    old: score(policy: \"1.0\") { composite trust { score } capacity { score } }\n    alerts { type severity message evidence { name value { number text } unit } }\n  }\n}\n"
  },
  {
    "variables": "{\"addresses\": [\"6.129.17.59:9001\", \"21.118.160.109:9001\"]}",
    "title": "A staker (4)",
    "query": "query compare($addresses: [String!]!) {\n  comparePnodes(addresses: $addresses) {\n    pnodes { address score { composite } uptime }\n    winners { category pnode { address } value { number } }\n    recommended { address }\n    reason\n    considerations\n  }\n}\n"
  },
  {
    "variables": "",
    "title": "A staker (5)",
    "query": "query AStaker5 {\n  scorePolicy {\n    version latestVersion latestVersionSource trustWeight capacityWeight\n    trust { uptimePoints uptimeFullDays presencePoints presenceFull versionPoints consistencyPoints }\n    capacity { committedPoints committedFullGib balancePoints balanceLow balanceHigh growthPoints }\n    defaults { growthTrend consistency }\n    tiers { tier minimum color }\n    estimate {\n      availability { points priorMean priorDays forgiven noneBelow fullFrom }\n      stability { points fullDays } currency { points lagFrom lagFull deadlineDays }\n      commitment { points fullPercentile groupSize } agreement { points spread } placesPerGroup\n    }\n  }\n}\n"
  },
  {
    "variables": "",
    "title": "The operator of the server",
    "query": "query TheOperatorOfTheServer {\n  snapshot { ageSeconds stale timing { totalSeconds } }\n  collector {\n    attemptedAt outcome cause causeMessage\n    seeds { seed reachable succeededAt failure message report { listed coverage agreement island latency { method milliseconds } } }\n  }\n  consistency(first: 10, where: {status: {eq: FLAPPING}}) {\n    summary { average health flapping }\n    nodes { pnode { address } consistency { score disappearances } }\n  }\n  serviceConfig { release network intervalSeconds availableRange { earliestSnapshot earliestHistory } limits { cost page }\n    connectionLimits { connections sockets messagesPerSecond } collection { minWitnesses maxNewcomers trustedSeeds probeNodes } }\n}\n"
  },
  {
    "variables": "",
    "title": "Data from other sources",
    "query": "query DataFromOtherSources { enrichment { sources { name origin fetchedAt failure } } }\n"
  },
  {
    "variables": "",
    "title": "Subscriptions",
    "query": "subscription { snapshots { slot totals { online } } }\n"
  },
  {
    "variables": "",
    "title": "Subscriptions (2)",
    "query": "subscription changes { pnodeChanges(where: {version: {startsWith: \"0.\"}}) { kind changedFields pnode { address status version } before { status version } } }\n"
  },
  {
    "variables": "",
    "title": "Subscriptions (3)",
    "query": "subscription alarms { alerts(where: {severity: {eq: CRITICAL}}) { state type address message } }\n"
  },
  {
    "variables": "",
    "title": "Subscriptions (4)",
    "query": "subscription log($after: String) { events(after: $after, where: {type: {ne: COMMITTED_CHANGED}}) { cursor at type subject } }\n"
  }
];

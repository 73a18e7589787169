/** The page before it has any data: nothing in it comes from anybody but us. */
export const PAGE_MARKUP = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>onegate</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M8 1 14 3.5V8c0 3.6-2.5 6-6 7-3.5-1-6-3.4-6-7V3.5z' fill='%234263eb'/%3E%3C/svg%3E">
<link rel="stylesheet" href="/page/page.css">
<script type="module" src="/page/main.js"></script>
</head>
<body>
<svg class="sprite" aria-hidden="true">
<symbol id="icon-good" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7.25"/><path class="cut" d="M4.7 8.3 7 10.6l4.3-4.9"/></symbol>
<symbol id="icon-attention" viewBox="0 0 16 16"><path d="M8 .9 15.6 14.5H.4z"/><path class="cut" d="M8 5.8v4M8 11.8v.7"/></symbol>
<symbol id="icon-bad" viewBox="0 0 16 16"><path d="M5 .7h6L15.3 5v6L11 15.3H5L.7 11V5z"/><path class="cut" d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2"/></symbol>
<symbol id="icon-off" viewBox="0 0 16 16"><circle class="hollow" cx="8" cy="8" r="6.5"/><path class="hollow" d="M5 8h6"/></symbol>
</svg>
<a class="skip" href="#main">To the content</a>
<header>
<h1><svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><path class="shield" d="M12 1.5 21 5v7c0 5.4-3.7 9-9 10.5C6.7 21 3 17.4 3 12V5z"/><path class="gate" d="M8 17v-5.5a4 4 0 0 1 8 0V17M12 11.5V17"/></svg>onegate</h1>
<p id="instance"></p>
<p class="build"><span id="version"></span> <span id="node"></span></p>
<p class="live"><span class="as-of">as of <span id="freshness">…</span></span> <button id="pause" type="button" aria-pressed="false">Pause</button></p>
</header>
<main id="main">
<noscript><p class="outcome">This page needs its script; <code>curl</code> reads <code>/state</code> without.</p></noscript>
<section id="strip" aria-label="Health">
<p class="overall" aria-live="polite"><span id="health-icon"></span><b id="health">Reading …</b> <span id="because"></span></p>
<ul id="signs"></ul>
</section>
<form id="unlock" hidden>
<label for="admin-token">Admin token</label>
<input id="admin-token" type="password" autocomplete="off" spellcheck="false" required>
<button>Show</button>
<span class="detail">Kept by this tab until it is closed, and sent to this gateway only.</span>
</form>
<div id="content" hidden>
<section aria-labelledby="verdicts-title">
<h2 id="verdicts-title">Verdicts</h2>
<div class="verdicts">
<div class="card traffic">
<div class="legend">
<span class="key granted">granted <b id="total-granted">0</b></span>
<span class="key refused">refused <b id="total-refused">0</b></span>
<span class="key fault">faults <b id="total-fault">0</b></span>
<span class="detail" id="traffic-peak"></span>
</div>
<div id="traffic"></div>
<p class="axis"><span id="traffic-from"></span><span>now</span></p>
</div>
<div class="card staleness">
<h3>Greatest staleness</h3>
<p class="big"><b id="staleness-greatest">–</b> <span id="staleness-bound"></span></p>
<div id="staleness-meter"></div>
<div id="staleness-chart"></div>
<p class="kept" id="staleness-kept"></p>
</div>
</div>
<dl id="figures"></dl>
</section>
<section aria-labelledby="routes-title">
<h2 id="routes-title">Routes <span class="amount" id="route-count"></span></h2>
<label class="filter" for="route-filter"><span class="unseen">Only routes with</span><input id="route-filter" type="search" placeholder="Filter routes" autocomplete="off" spellcheck="false"></label>
<div class="scroll" tabindex="0" role="region" aria-labelledby="routes-title">
<table class="routes" role="table">
<thead role="rowgroup"><tr role="row">
<th scope="col" role="columnheader"><button type="button" data-sort="id">route</button></th>
<th scope="col" role="columnheader">token</th>
<th scope="col" role="columnheader" class="number"><button type="button" data-sort="requests">requests</button></th>
<th scope="col" role="columnheader" class="number"><button type="button" data-sort="perSecond">per second</button></th>
<th scope="col" role="columnheader" class="number"><button type="button" data-sort="status4xx">4xx</button></th>
<th scope="col" role="columnheader" class="number"><button type="button" data-sort="status5xx">5xx</button></th>
<th scope="col" role="columnheader" class="number"><button type="button" data-sort="p50Ms">median</button></th>
<th scope="col" role="columnheader" class="number"><button type="button" data-sort="p99Ms">99 %</button></th>
<th scope="col" role="columnheader">refused for</th>
<th scope="col" role="columnheader" class="number"><button type="button" data-sort="lastUsedAt">last used</button></th>
</tr></thead>
<tbody role="rowgroup" id="route-rows"></tbody>
</table>
</div>
</section>
<section id="upstreams" aria-labelledby="upstreams-title">
<h2 id="upstreams-title">Upstreams</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="upstreams-title">
<table role="table">
<thead role="rowgroup"><tr role="row">
<th scope="col" role="columnheader">upstream</th>
<th scope="col" role="columnheader">routes</th>
<th scope="col" role="columnheader">state</th>
<th scope="col" role="columnheader" class="number">for</th>
<th scope="col" role="columnheader" class="number">answered</th>
<th scope="col" role="columnheader" class="number">failed</th>
<th scope="col" role="columnheader" class="number">connections at most</th>
</tr></thead>
<tbody role="rowgroup" id="upstream-rows"></tbody>
</table>
</div>
</section>
<section id="refusals" aria-labelledby="refusals-title">
<h2 id="refusals-title">Refusals <span class="amount" id="refusal-count"></span></h2>
<div class="scroll tall" tabindex="0" role="region" aria-labelledby="refusals-title">
<table role="table">
<thead role="rowgroup"><tr role="row">
<th scope="col" role="columnheader">last</th>
<th scope="col" role="columnheader">route</th>
<th scope="col" role="columnheader" class="number">status</th>
<th scope="col" role="columnheader">code</th>
<th scope="col" role="columnheader" class="number">times</th>
<th scope="col" role="columnheader">token</th>
<th scope="col" role="columnheader">client</th>
<th scope="col" role="columnheader">request</th>
</tr></thead>
<tbody role="rowgroup" id="refusal-rows"></tbody>
</table>
</div>
</section>
<section aria-labelledby="tools-title">
<h2 id="tools-title">Tools</h2>
<div class="tools">
<form class="card" id="explain-form" autocomplete="off">
<h3>Explain a request</h3>
<p class="detail">Says what this gateway makes of a token, and why. The request is sent nowhere, the token is kept nowhere.</p>
<label class="wide" for="explain-token">Token<input id="explain-token" type="password" autocomplete="off" spellcheck="false" placeholder="paste a token"></label>
<label for="explain-method">Method<input id="explain-method" value="GET" spellcheck="false"></label>
<label for="explain-path">Path<input id="explain-path" value="/" spellcheck="false"></label>
<label for="explain-host">Host<input id="explain-host" placeholder="any" spellcheck="false"></label>
<label for="explain-ip">Client address<input id="explain-ip" placeholder="unknown" spellcheck="false"></label>
<label class="check wide" for="explain-ask"><input id="explain-ask" type="checkbox"> Ask Onezone where nothing is known</label>
<button class="primary">Explain</button>
<div class="result wide" id="explain-result" aria-live="polite"></div>
</form>
<form class="card" id="invalidate-form" autocomplete="off">
<h3>Invalidate</h3>
<p class="detail">Takes back what is known, so that Onezone is asked again. First it is counted; nothing changes before the second step.</p>
<label class="wide" for="invalidate-what">What<select id="invalidate-what">
<option value="user">all tokens of a user</option>
<option value="oneprovider">all tokens of a Oneprovider</option>
<option value="tokenId">a named token, and what was confined from it</option>
<option value="fingerprint">one token, by its fingerprint</option>
<option value="all">everything</option>
</select></label>
<label class="wide" for="invalidate-id" id="invalidate-id-field"><span id="invalidate-id-name">Id of the user</span><input id="invalidate-id" spellcheck="false" autocomplete="off" required></label>
<button class="primary">Count first</button>
<div class="result wide" id="invalidate-result" aria-live="polite"></div>
</form>
</div>
</section>
<section aria-labelledby="configuration-title">
<details id="configuration">
<summary><h2 id="configuration-title">Configuration in force</h2> <span class="amount" id="configuration-note"></span></summary>
<dl class="configuration card" id="configuration-lines"></dl>
</details>
</section>
</div>
</main>
<footer><p>Of this gateway alone, its workers together. <a href="/state">/state</a> has the same as JSON, <a href="/metrics">/metrics</a> is for Prometheus.</p></footer>
</body>
</html>
`

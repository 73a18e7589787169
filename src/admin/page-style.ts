/** How the page looks: light or dark as the reader's system, from 360 px on, without anything that moves. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f4f6fa; --card: #fff; --ink: #131a26; --soft: #566175; --line: #e2e7ef; --field: #fff;
  --good: #0b8563; --attention: #a85d00; --bad: #cb2431; --off: #7c879a;
  --good-tint: #e4f6f0; --attention-tint: #fdf1dc; --bad-tint: #fdeaec; --cut: #fff;
  --granted: #12a67c; --refused: #eda63a; --fault: #dc3545; --accent: #4263eb; --shadow: 0 1px 2px #1b274015, 0 4px 16px #1b27400a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0a0e15; --card: #121822; --ink: #e9eef6; --soft: #93a0b5; --line: #222c3b; --field: #0c121b;
    --good: #3ddca5; --attention: #f7b955; --bad: #ff6b76; --off: #66738a;
    --good-tint: #0c2a24; --attention-tint: #2e2410; --bad-tint: #34151b; --cut: #0a0e15;
    --granted: #2fd3a0; --refused: #f0ab42; --fault: #ff6b76; --accent: #8aa2ff; --shadow: none;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 1440px; padding: 0 24px 24px; background: var(--ground); color: var(--ink);
  font: 14px/1.45 Inter, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums;
}
h1, h2, h3, p, ul, dl, dd { margin: 0; padding: 0; }
h1 { display: flex; align-items: center; gap: 9px; font-size: 19px; letter-spacing: -.01em; }
h2 { display: inline-block; font-size: 15px; letter-spacing: -.005em; }
h3 { font-size: 13px; }
section { margin-top: 26px; }
.detail, .amount { color: var(--soft); font-weight: 400; font-size: 12.5px; }
.mono, .id { font-family: ui-monospace, "SF Mono", "JetBrains Mono", Menlo, "DejaVu Sans Mono", monospace; font-size: 12.5px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shadow); }
.sprite { position: absolute; width: 0; height: 0; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 24px; top: 8px; background: var(--card); padding: 6px 10px; z-index: 2; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.icon { width: 15px; height: 15px; flex: none; fill: currentColor; vertical-align: -2.5px; }
.cut { fill: none; stroke: var(--cut); stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
.hollow { fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; }
[data-health=good] { --tone: var(--good); --tint: var(--good-tint); }
[data-health=attention] { --tone: var(--attention); --tint: var(--attention-tint); }
[data-health=bad] { --tone: var(--bad); --tint: var(--bad-tint); }
[data-health=off] { --tone: var(--off); --tint: transparent; }

header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px; padding: 18px 0 0; }
.mark { width: 26px; height: 26px; }
.mark .shield { fill: var(--accent); }
.mark .gate { fill: none; stroke: var(--card); stroke-width: 1.8; stroke-linecap: round; }
#instance { color: var(--soft); }
.build { margin-left: auto; color: var(--soft); }
.build span { padding: 2px 9px; border: 1px solid var(--line); border-radius: 99px; background: var(--card); white-space: nowrap; font-size: 12.5px; }
.build #node[data-health=bad] { color: var(--attention); border-color: currentColor; }
.live { display: flex; align-items: center; gap: 10px; color: var(--soft); }

button, input, select { font: inherit; color: inherit; background: var(--field); border: 1px solid var(--line); border-radius: 8px; padding: 6px 11px; }
button { cursor: pointer; background: var(--card); }
button:hover { border-color: var(--accent); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--card); font-weight: 600; }
button.danger { background: var(--bad); border-color: var(--bad); color: var(--card); font-weight: 600; }
::placeholder { color: var(--soft); opacity: 1; }

#strip { margin-top: 16px; background: var(--card); border: 1px solid var(--line); border-radius: 14px; overflow: hidden; box-shadow: var(--shadow); }
.overall { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 10px; padding: 13px 18px; background: var(--tint); border-left: 5px solid var(--tone); }
.overall .icon { width: 24px; height: 24px; color: var(--tone); vertical-align: middle; }
.overall b { font-size: 18px; letter-spacing: -.01em; }
.overall #because { color: var(--soft); }
#signs { list-style: none; display: grid; grid-template-columns: repeat(8, 1fr); gap: 1px; background: var(--line); border-top: 1px solid var(--line); }
#signs li { display: flex; flex-direction: column; gap: 1px; min-width: 0; padding: 11px 14px 12px; background: var(--card); }
#signs .name { display: flex; align-items: center; gap: 6px; color: var(--soft); font-size: 12.5px; white-space: nowrap; }
#signs .icon { color: var(--tone); }
#signs b { font-size: 15px; }
#signs [data-health=attention] b, #signs [data-health=bad] b { color: var(--tone); }
#signs [data-health=off] b { color: var(--soft); font-weight: 500; }
#signs .detail { overflow-wrap: anywhere; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; font-size: 12px; }
#signs [data-health=bad] .detail { -webkit-line-clamp: 4; }

.verdicts { display: grid; grid-template-columns: minmax(0, 2.6fr) minmax(280px, 1fr); gap: 14px; margin-top: 10px; }
.traffic, .staleness { padding: 14px 16px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin-bottom: 8px; color: var(--soft); }
.legend .detail { margin-left: auto; }
.key::before { content: ""; display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; background: var(--shade); }
.key b { color: var(--ink); font-size: 15px; }
.granted { --shade: var(--granted); } .refused { --shade: var(--refused); } .fault { --shade: var(--fault); }
.plain, .question { --shade: var(--accent); } .staleness { --shade: var(--good); }
.chart { display: block; width: 100%; }
#traffic .chart { height: 168px; }
.chart .line { fill: none; stroke: var(--shade); stroke-width: 1.6; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.chart .area { fill: var(--shade); opacity: .16; }
#traffic .area { opacity: .42; }
.chart .grid { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.chart .bound { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 5 4; vector-effect: non-scaling-stroke; }
.axis { display: flex; justify-content: space-between; margin-top: 4px; color: var(--soft); font-size: 12px; }
.staleness { display: flex; flex-direction: column; gap: 7px; }
.staleness h3 { color: var(--soft); font-weight: 500; }
.big { color: var(--soft); }
.big b { font-size: 32px; line-height: 1.1; letter-spacing: -.02em; color: var(--ink); }
.meter { display: block; width: 100%; height: 9px; border-radius: 99px; overflow: hidden; }
.meter .rail { fill: var(--line); }
.meter .used.good { fill: var(--granted); } .meter .used.bad { fill: var(--fault); }
#staleness-chart { flex: 1; min-height: 62px; margin-top: 4px; }
#staleness-chart .chart { height: 100%; }
.kept { font-size: 12.5px; color: var(--soft); }
.kept [data-health=bad] { color: var(--tone); font-weight: 600; }
#figures { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 14px; margin-top: 14px; }
.figure { display: flex; flex-direction: column; padding: 12px 14px 0; background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; box-shadow: var(--shadow); }
.figure dt { color: var(--soft); font-size: 12.5px; }
.figure dd { display: flex; flex-direction: column; flex: 1; }
.figure b { font-size: 21px; letter-spacing: -.015em; }
.figure .detail { flex: 1; font-size: 12px; }
.figure .chart { height: 38px; margin: 6px -14px 0; width: calc(100% + 28px); }
.figure .grid { display: none; }

.filter { float: right; margin-top: -6px; }
.filter input { width: 210px; padding: 4px 11px; }
.scroll { overflow-x: auto; margin-top: 10px; background: var(--card); border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shadow); }
.tall { max-height: 420px; overflow-y: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 7px 12px; text-align: left; vertical-align: top; font-weight: 400; }
thead th { position: sticky; top: 0; background: var(--card); color: var(--soft); font-size: 12.5px; white-space: nowrap; box-shadow: inset 0 -1px var(--line); }
thead button { border: 0; padding: 0; background: none; color: inherit; font-size: inherit; }
thead button:hover { color: var(--ink); text-decoration: underline; }
[aria-sort=ascending] button::after { content: " ↑"; } [aria-sort=descending] button::after { content: " ↓"; }
/* Rows of a table are laid out all together; grids of one kind only where they are in sight. */
@media (min-width: 621px) {
  .routes { min-width: 980px; } .routes, .routes thead, .routes tbody { display: block; }
  .routes tr { display: grid; grid-template-columns: minmax(0, 3.3fr) repeat(7, minmax(0, 1fr)) minmax(0, 3fr) minmax(0, 1.8fr); }
  .routes .many tr { content-visibility: auto; contain-intrinsic-size: auto 53px; }
}
tbody tr + tr > * { border-top: 1px solid var(--line); }
tbody tr:hover > * { background: color-mix(in srgb, var(--accent) 5%, transparent); }
tbody th .detail { display: block; }
tbody th { overflow-wrap: anywhere; min-width: 132px; }
.number { text-align: right; white-space: nowrap; }
td[data-health=attention], td[data-health=bad] { color: var(--tone); font-weight: 600; }
.tag, .code { padding: 1px 7px; border-radius: 6px; background: var(--ground); border: 1px solid var(--line); font-size: 12px; white-space: nowrap; }
.codes { display: inline-flex; flex-wrap: wrap; gap: 4px; }
.state { color: var(--tone); font-weight: 600; white-space: nowrap; }

.tools { display: grid; grid-template-columns: 1.4fr 1fr; gap: 14px; margin-top: 10px; align-items: start; }
.tools form { display: grid; grid-template-columns: 1fr 1fr; gap: 11px 12px; padding: 16px; }
.tools h3, .tools .detail, .wide { grid-column: 1 / -1; }
.tools h3 { font-size: 14px; margin-bottom: -8px; }
.tools label { display: flex; flex-direction: column; gap: 3px; color: var(--soft); font-size: 12.5px; min-width: 0; }
.tools label input, .tools label select { color: var(--ink); font-size: 14px; width: 100%; }
.tools label.check { flex-direction: row; align-items: center; gap: 8px; }
.tools label.check input { width: auto; }
.tools [hidden] { display: none; }
.tools button { justify-self: start; }
.result:empty { display: none; }
.result { display: flex; flex-direction: column; gap: 10px; align-items: start; }
.outcome { align-self: stretch; padding: 9px 12px; border-radius: 9px; background: var(--tint); border-left: 4px solid var(--tone); overflow-wrap: anywhere; }
.outcome .icon { color: var(--tone); margin-right: 6px; }
.facts { display: grid; grid-template-columns: auto 1fr; gap: 3px 14px; font-size: 13px; overflow-wrap: anywhere; }
.facts dt { color: var(--soft); }
summary { cursor: pointer; }
.configuration { columns: 3 340px; column-gap: 34px; margin-top: 10px; padding: 14px 18px; font-size: 12.5px; }
.configuration div { display: flex; gap: 12px; justify-content: space-between; break-inside: avoid; padding: 2px 0; border-bottom: 1px solid var(--line); }
.configuration.long { columns: auto; }
.configuration.long div { content-visibility: auto; contain-intrinsic-size: auto 24px; }
.configuration dt { color: var(--soft); overflow-wrap: anywhere; }
.configuration dd { text-align: right; overflow-wrap: anywhere; }
.origin { display: block; color: var(--accent); font-size: 11.5px; }
#unlock { display: flex; flex-wrap: wrap; gap: 8px 10px; align-items: center; margin-top: 16px; }
#unlock[hidden] { display: none; }
footer { margin-top: 28px; color: var(--soft); font-size: 12.5px; }

@media (max-width: 1180px) {
  #signs { grid-template-columns: repeat(4, 1fr); }
  #figures { grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); }
}
@media (max-width: 860px) {
  .verdicts, .tools { grid-template-columns: minmax(0, 1fr); }
}
@media (max-width: 620px) {
  body { padding: 0 12px 16px; }
  header { padding-top: 12px; }
  .build { margin-left: 0; }
  .live { margin-left: auto; }
  #signs { grid-template-columns: 1fr 1fr; }
  #figures { grid-template-columns: 1fr 1fr; gap: 10px; }
  .figure:last-child { grid-column: 1 / -1; }
  .filter { float: none; display: block; margin-top: 8px; }
  .filter input { width: 100%; padding: 7px 11px; }
  table, tbody, tr, td, tbody th { display: block; }
  .many tr { content-visibility: auto; contain-intrinsic-size: auto 150px; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { display: grid; grid-template-columns: 1fr 1fr; gap: 1px 14px; padding: 10px 12px; }
  tbody tr + tr { border-top: 1px solid var(--line); }
  tbody tr > * { border: 0 !important; padding: 1px 0; }
  tbody th, td[data-name="connections at most"], td[data-name=routes], td[data-name="refused for"], td[data-name=request], td[data-name=code] { grid-column: 1 / -1; }
  td[data-name] { display: flex; justify-content: space-between; gap: 10px; overflow-wrap: anywhere; white-space: normal; }
  td[data-name]::before { content: attr(data-name); color: var(--soft); font-weight: 400; white-space: nowrap; }
  .codes { justify-content: flex-end; }
  td.number { text-align: left; }
}
@media (forced-colors: active) { .chart .area { display: none; } }
`

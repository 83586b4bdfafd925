/** The report's style sheet: one column on a phone, light or dark as the reader's system is. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #14181f; --soft: #596273; --line: #e2e6ec; --bar: #aeb6c4;
  --float: #6b7485; --eight: #2d6cdf; --four: #d2620f; --tuned: #0b8467; --wrong: #d2620f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1116; --card: #161b22; --ink: #e8ebf0; --soft: #97a1b2; --line: #272e39; --bar: #4c5667;
    --float: #97a1b2; --eight: #6ea3ff; --four: #f5924e; --tuned: #3ecba4; --wrong: #f5924e;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink); -webkit-text-size-adjust: 100%;
  font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif;
}
main { max-width: 1120px; margin: 0 auto; padding: clamp(28px, 6vw, 72px) clamp(16px, 4vw, 40px) 64px; }
h1 { font-size: clamp(1.9rem, 5.2vw, 3.1rem); line-height: 1.1; letter-spacing: -0.025em; font-weight: 700; margin: 0 0 18px; max-width: 19em; text-wrap: balance; }
h2 { font-size: 1.35rem; line-height: 1.25; letter-spacing: -0.012em; margin: 0 0 6px; }
h3 { font: 600 0.9rem/1.3 ui-monospace, 'SF Mono', Menlo, Consolas, monospace; margin: 0 0 10px; }
p { margin: 0; max-width: 44em; }
p.lead { font-size: 1.1rem; color: var(--soft); }
section { margin-top: clamp(40px, 6vw, 64px); }
section > p { color: var(--soft); margin-bottom: 20px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 18px; }
.cards { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); }
.cards { grid-auto-flow: dense; }
.tall { grid-row: span 2; }
.pair { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); align-items: start; }
.float { --tone: var(--float); } .eight { --tone: var(--eight); } .four { --tone: var(--four); } .tuned { --tone: var(--tuned); }

.comparison { padding: 6px 18px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 13px 0 13px 22px; white-space: nowrap; border-top: 1px solid var(--line); font-weight: 400; }
thead th { color: var(--soft); font-size: 0.84rem; border-top: 0; padding-bottom: 9px; }
th:first-child { text-align: left; padding-left: 0; }
tbody th { font-weight: 600; }
tbody th::before, .key span::before { content: ''; display: inline-block; width: 10px; height: 10px; border-radius: 3px; background: var(--tone); margin-right: 10px; }
td span { font-weight: 650; }
td small { color: var(--soft); font-size: 0.84rem; font-weight: 400; margin-left: 6px; }

.key { display: flex; flex-wrap: wrap; gap: 4px 22px; font-size: 0.9rem; color: var(--soft); margin: 0 0 16px; }
.key span::before { margin-right: 8px; }
.key .plain::before { display: none; }
.key i { display: inline-block; vertical-align: -2px; width: 22px; height: 14px; margin-right: 8px; }
.key .bars-mark { background: var(--bar); width: 10px; border-radius: 2px 2px 0 0; }
.key .band-mark { background: color-mix(in srgb, var(--four) 16%, transparent); border: solid var(--four); border-width: 0 1.5px; }
.key .bracket-mark { border: solid var(--tuned); border-width: 2px 2px 0; height: 7px; vertical-align: 2px; }

.noise { display: grid; grid-template-columns: max-content 1fr; gap: 12px 16px; align-items: center; }
.noise h3 { margin: 0; text-align: right; font-weight: 500; font-size: 0.84rem; }
.noise div > div { display: flex; align-items: center; gap: 8px; height: 13px; font-size: 0.75rem; line-height: 1; color: var(--soft); font-variant-numeric: tabular-nums; }
.noise div > div::before { content: ''; height: 9px; border-radius: 0 3px 3px 0; background: var(--tone); width: calc(var(--share) * (100% - 56px)); flex: none; }

svg { display: block; width: 100%; height: auto; overflow: visible; font: 11px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
svg text { fill: var(--soft); }
.plot { margin: 0; }
article .plot + .plot { margin-top: 16px; }
.plot figcaption { font-size: 0.8rem; line-height: 1.45; color: var(--soft); margin-bottom: 4px; display: flex; flex-wrap: wrap; justify-content: space-between; column-gap: 10px; font-variant-numeric: tabular-nums; }
.plot figcaption b { color: var(--ink); font-weight: 600; }
.bars rect { fill: var(--bar); }
.bars rect:hover { fill: var(--ink); }
.band { fill: var(--four); opacity: 0.1; }
.end { stroke: var(--four); stroke-width: 1.5; fill: none; }
.bracket { stroke: var(--tuned); stroke-width: 2; fill: none; }
.axis, .grid { stroke: var(--line); fill: none; }
.reference { stroke: var(--tone); stroke-width: 1.5; stroke-dasharray: 3 4; fill: none; }
.line { stroke: var(--tone); stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; fill: none; }
.dots circle { fill: var(--tone); stroke: var(--card); stroke-width: 1.5; }
svg .label { fill: var(--tone); font-weight: 600; }

.matrix rect.right { fill: color-mix(in srgb, var(--bar) 28%, var(--card)); }
.matrix rect.none { fill: color-mix(in srgb, var(--line) 42%, var(--card)); }
.matrix rect.wrong { fill: color-mix(in srgb, var(--wrong) var(--strength), var(--card)); }
.matrix text.wrong { fill: var(--ink); font-weight: 700; }
.matrix svg { max-width: 380px; margin: 8px auto 0; font-size: 10px; }

.digits { display: grid; gap: 14px; grid-template-columns: repeat(auto-fill, minmax(76px, 1fr)); margin: 0; padding: 0; list-style: none; }
.digits li { font-size: 0.8rem; line-height: 1.35; color: var(--soft); font-variant-numeric: tabular-nums; }
.digits svg { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 8px; margin-bottom: 6px; fill: var(--ink); }
.digits b { color: var(--ink); }
.digits .four { color: var(--tone); }

footer { margin-top: 64px; padding-top: 20px; border-top: 1px solid var(--line); font-size: 0.86rem; color: var(--soft); }
@media (max-width: 640px) {
  thead { display: none; }
  tr { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; padding: 14px 0; }
  tr + tr { border-top: 1px solid var(--line); }
  tr th { grid-column: 1 / -1; }
  th, td { padding: 0; border: 0; text-align: left; }
  td::before { content: attr(data-heading); display: block; font-size: 0.78rem; line-height: 1.3; color: var(--soft); }
}
`;

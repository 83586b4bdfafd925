/** What the pictures are drawn with. */

const style = `
  text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: var(--ink); }
  .soft { fill: var(--soft); } .strong { font-weight: 600; } .middle { text-anchor: middle; } .end { text-anchor: end; }
  .small { font-size: 11px; } .mono { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 12px; }
  path, line { fill: none; stroke: var(--line); }
  .ink { stroke: var(--ink); } .dash { stroke: var(--soft); stroke-dasharray: 3 4; }
  .blue { fill: var(--blue); } .orange { fill: var(--orange); } .green { fill: var(--green); } .violet { fill: var(--violet); }
  .s-blue { stroke: var(--blue); } .s-orange { stroke: var(--orange); } .s-green { stroke: var(--green); }
  .thick { stroke-width: 2; } .bar { fill: var(--bar); } .clip { fill: var(--bar); opacity: 0.35; }
  :root { --ink: #1b212b; --soft: #5b6576; --line: #c9d0da; --bar: #b3bccb;
    --blue: #2d6cdf; --orange: #c75b0c; --green: #0b7f63; --violet: #8147c9; }
  @media (prefers-color-scheme: dark) { :root { --ink: #e6eaf1; --soft: #9ba6b7; --line: #414b59; --bar: #59657a;
    --blue: #6ea3ff; --orange: #f5924e; --green: #3ecba4; --violet: #b78af0; } }`;

/** A coordinate. */
export const round = (x: number): string => String(Math.round(x * 100) / 100);

/** A picture of its parts, in the colours of the reader. */
export const svg = (width: number, height: number, label: string, parts: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}">\n<style>${style}\n</style>\n${parts.join('\n')}\n</svg>\n`;

/** Words that begin at a point, or end or stand in the middle there. */
export const text = (x: number, y: number, content: string, kind = ''): string =>
  `<text x="${round(x)}" y="${round(y)}" class="${kind}">${content}</text>`;

/** A line. */
export const line = (x1: number, y1: number, x2: number, y2: number, kind = ''): string =>
  `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${kind}"/>`;

/** A box. */
export const rect = (x: number, y: number, width: number, height: number, kind: string): string =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" class="${kind}"/>`;

/** A filled circle. */
export const dot = (x: number, y: number, kind: string, radius = 4): string =>
  `<circle cx="${round(x)}" cy="${round(y)}" r="${radius}" class="${kind}"/>`;

/** Takes numbers of one range to places in another. */
export const scaled =
  ([from, to]: readonly [number, number], [start, end]: readonly [number, number]) =>
  (x: number): number =>
    start + ((x - from) / (to - from)) * (end - start);

/** A number as the pictures write it. */
export const written = (x: number, digits = 2): string => String(Number(x.toFixed(digits))).replace('-', '−');

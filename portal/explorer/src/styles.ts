import { css } from "lit";

/** What all parts of the page have in common. The colours are those of page.css. */
export const base = css`
  :host { display: block; }
  :host([hidden]), [hidden] { display: none !important; }
  *, *::before, *::after { box-sizing: border-box; }
  h1, h2, h3, h4, p, dl, dd, ul, ol, figure, pre { margin: 0; padding: 0; }
  ul, ol { list-style: none; }
  h1, h2, h3 { overflow-wrap: anywhere; }
  h1 { font-size: 1.375rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
  h2 { font-size: 1rem; line-height: 1.3; font-weight: 620; letter-spacing: -.003em; }
  h3 { font-size: .875rem; font-weight: 620; }
  a { color: var(--accent); text-decoration: none; overflow-wrap: anywhere; }
  a:hover { text-decoration: underline; text-underline-offset: 2px; }
  button, select, input { font: inherit; color: inherit; }
  button, select { background: var(--surface); border: 1px solid var(--edge); border-radius: 7px; padding: 0 .75rem; block-size: 2.125rem; cursor: pointer; white-space: nowrap; }
  button:hover:not(:disabled), select:hover { background: var(--raised); border-color: var(--muted); }
  button:disabled { opacity: .55; cursor: default; }
  button.first, button.first:hover:not(:disabled) { background: var(--accent); color: var(--on-accent); border-color: var(--accent); font-weight: 600; }
  button.plain { border-color: transparent; background: none; }
  button.plain:hover:not(:disabled) { background: var(--raised); border-color: transparent; }
  button.icon { inline-size: 2.125rem; padding: 0; display: inline-grid; place-items: center; }
  button[aria-pressed="true"] { background: var(--tint); border-color: var(--accent); color: var(--accent); }
  input[type="text"], input[type="search"], input[type="password"], input[type="datetime-local"] { background: var(--surface); border: 1px solid var(--edge); border-radius: 7px; padding: 0 .65rem; block-size: 2.125rem; inline-size: 100%; min-inline-size: 0; }
  input[type="checkbox"] { inline-size: 1rem; block-size: 1rem; accent-color: var(--accent); margin: 0; }
  input::placeholder { color: var(--muted); opacity: 1; }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  .muted { color: var(--muted); }
  .small { font-size: .8125rem; }
  .mono { font-family: var(--mono); font-size: .8125rem; }
  .out { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .row { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
  .spread { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between; }
  .grow { flex: 1; min-inline-size: 0; }
  .stack { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
  .card { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; min-inline-size: 0; }
  .card header { padding: .8rem 1rem; border-block-end: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; justify-content: space-between; }
  .card .body { padding: .875rem 1rem; }
  .columns { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); align-items: start; }
  .chip { display: inline-flex; align-items: center; gap: .35rem; font-size: .75rem; line-height: 1.25rem; padding: 0 .5rem; border-radius: 999px; border: 1px solid var(--line); background: var(--raised); color: var(--text); white-space: nowrap; }
  .chip.appeared { color: var(--good); border-color: currentColor; background: none; }
  .chip.changed { color: var(--warn); border-color: currentColor; background: none; }
  .chip.ended { color: var(--bad); border-color: currentColor; background: none; }
  .chip.dashed { border-style: dashed; border-color: var(--muted); background: none; }
  .sign { inline-size: .8rem; block-size: .8rem; flex: none; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
  .entity { display: inline-flex; gap: .4rem; align-items: baseline; max-inline-size: 100%; unicode-bidi: isolate; }
  .entity svg { inline-size: .8rem; block-size: .8rem; flex: none; align-self: center; overflow: visible; }
  .gone { text-decoration: line-through; text-decoration-color: var(--muted); }
  .note { display: flex; gap: .75rem; align-items: center; justify-content: space-between; flex-wrap: wrap; padding: .5rem .875rem; border-radius: 8px; border: 1px solid var(--line); background: var(--raised); font-size: .8125rem; margin-block-end: .75rem; }
  .note.bad { border-color: var(--bad); }
  .note.warn { border-color: var(--warn); }
  .empty { display: grid; justify-items: center; text-align: center; gap: .4rem; padding: 2.5rem 1.25rem; }
  .empty p { color: var(--muted); max-inline-size: 36rem; overflow-wrap: anywhere; }
  .empty strong { font-size: 1rem; overflow-wrap: anywhere; }
  .empty svg.mark { fill: none; stroke: var(--muted); stroke-width: 1.5; stroke-dasharray: 3 2.5; }
  .empty .mark { inline-size: 2.5rem; block-size: 2.5rem; border-radius: 50%; border: 1.5px dashed var(--edge); display: grid; place-items: center; margin-block-end: .25rem; }
  .empty .mark.bad { border: 1.5px solid var(--bad); color: var(--bad); font-weight: 700; }
  .empty .row { justify-content: center; margin-block-start: .5rem; }
  .waiting { display: grid; gap: .75rem; padding: 1rem; }
  .bone { block-size: .9rem; border-radius: 5px; background: var(--raised); border: 1px solid var(--line); }
  .bone:nth-child(3n) { inline-size: 62%; } .bone:nth-child(3n + 1) { inline-size: 78%; }
  .fading { opacity: .6; }
  .tail { padding: .75rem 1rem; display: flex; gap: .75rem; align-items: center; font-size: .8125rem; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; inline-size: 100%; }
  th { text-align: start; font-size: .75rem; font-weight: 600; color: var(--muted); padding: .5rem .625rem; white-space: nowrap; border-block-end: 1px solid var(--line); }
  td { padding: .55rem .625rem; border-block-end: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; unicode-bidi: plaintext; min-inline-size: 6.5rem; }
  th:first-child, td:first-child { padding-inline-start: 1rem; }
  th:last-child, td:last-child { padding-inline-end: 1rem; }
  tbody tr:last-child td { border-block-end: 0; }
  tbody tr:hover td { background: color-mix(in srgb, var(--raised) 55%, transparent); }
  td.num, th.num { text-align: end; font-variant-numeric: tabular-nums; min-inline-size: 0; }
  td.thin { min-inline-size: 0; }
  time, .when { font-variant-numeric: tabular-nums; white-space: nowrap; }
  .event { display: grid; gap: .05rem; justify-items: start; }
  .code { font-family: var(--mono); font-size: .78rem; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
  pre.code { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; padding: .625rem .75rem; max-block-size: 20rem; overflow: auto; direction: ltr; text-align: start; }
  details > summary { cursor: pointer; color: var(--accent); font-size: .8125rem; }
  details[open] > summary { margin-block-end: .4rem; }
  dl.facts { display: grid; grid-template-columns: minmax(6rem, max-content) minmax(0, 1fr); gap: .4rem 1.25rem; }
  dl.facts dt { color: var(--muted); overflow-wrap: anywhere; }
  dl.facts dd { overflow-wrap: anywhere; unicode-bidi: plaintext; text-align: start; }
  label.check { display: inline-flex; gap: .45rem; align-items: center; font-size: .875rem; cursor: pointer; }
  label.field { display: grid; gap: .25rem; font-size: .8125rem; color: var(--muted); }
  label.field > * { color: var(--text); font-size: .875rem; }
  .filters { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; }
  .filters select { max-inline-size: 14rem; }
  del { color: var(--bad); } ins { color: var(--good); text-decoration: none; }
  .k0 { --_kind: light-dark(#2563c9, #82b1ff); } .k1 { --_kind: light-dark(#0f7a6c, #5fd6c4); } .k2 { --_kind: light-dark(#a34a08, #ffb26b); } .k3 { --_kind: light-dark(#8b3fb0, #d7a3f2); }
  .k4 { --_kind: light-dark(#b02a63, #ff9cc4); } .k5 { --_kind: light-dark(#4d6b14, #b5d867); } .k6 { --_kind: light-dark(#5a5fc7, #b3b6ff); } .k7 { --_kind: light-dark(#6b5a36, #d9c38d); }
  .glyph { fill: var(--_kind); stroke: var(--_kind); stroke-width: 1.5; stroke-linejoin: round; }
  .glyph.hollow { fill: none; stroke-width: 2; }
  @media (prefers-reduced-motion: no-preference) {
    .bone { animation: breathe 1.6s ease-in-out infinite; }
    .fading { transition: opacity .15s .1s; }
  }
  @keyframes breathe { 50% { opacity: .45; } }
  @media (forced-colors: active) {
    .chip, .card, .bone { border-color: CanvasText; }
    button[aria-pressed="true"] { border-width: 3px; }
    .glyph { fill: CanvasText; stroke: CanvasText; }
  }
`;

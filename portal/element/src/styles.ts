import { css } from "lit";

/** Every colour is a variable `--kg-*`, with those of Backstage UI behind it, and our own last. */
export const styles = css`
  :host {
    --_surface: var(--kg-surface, var(--bui-bg-app, light-dark(#ffffff, #14171c)));
    --_raised: var(--kg-raised, var(--bui-bg-neutral-1, light-dark(#f5f7fa, #1d2128)));
    --_text: var(--kg-text, var(--bui-fg-primary, light-dark(#1b222c, #e8ecf2)));
    --_muted: var(--kg-muted, var(--bui-fg-secondary, light-dark(#566070, #a4afbf)));
    --_line: var(--kg-line, var(--bui-border-2, light-dark(#c3cbd6, #424b58)));
    --_edge: var(--kg-edge, light-dark(#8793a3, #6c7888));
    --_accent: var(--kg-accent, var(--bui-bg-solid, light-dark(#1c5fd4, #7db0ff)));
    --_on-accent: var(--kg-on-accent, var(--bui-fg-solid, light-dark(#ffffff, #0b1526)));
    --_added: var(--kg-added, light-dark(#17713a, #5fd38b));
    --_removed: var(--kg-removed, light-dark(#b3261e, #ff9a92));
    --_changed: var(--kg-changed, light-dark(#8a5300, #f5bd55));
    --_ended: var(--kg-ended, light-dark(#7b3fa0, #d2a5ee));
    --_undeclared: var(--kg-undeclared, light-dark(#4d5868, #b4bfce));
    --_radius: var(--kg-radius, 8px);
    --_font: var(--kg-font, var(--bui-font-regular, system-ui, sans-serif));
    display: block;
    container-type: inline-size;
    color: var(--_text);
    background: var(--_surface);
    border-radius: var(--_radius);
    font: 14px/1.45 var(--_font);
    min-inline-size: 16rem;
  }
  :host([hidden]) { display: none; }
  :host([theme="light"]) { color-scheme: light; }
  :host([theme="dark"]) { color-scheme: dark; }
  * { box-sizing: border-box; }
  h2, h3, p, dl, dd, ul, figure { margin: 0; padding: 0; }
  h2 { font-size: 1.05rem; line-height: 1.3; overflow-wrap: anywhere; }
  h3 { font-size: .82rem; margin-block: .9rem .3rem; color: var(--_muted); font-weight: 600; }
  ul { list-style: none; }
  button, select { font: inherit; font-size: .85rem; color: inherit; background: var(--_surface); border: 1px solid var(--_line); border-radius: 6px; padding: .3rem .6rem; min-block-size: 2rem; cursor: pointer; unicode-bidi: plaintext; }
  button:hover:not(:disabled, [aria-pressed="true"]), select:hover { border-color: var(--_accent); background: var(--_raised); }
  button:disabled { opacity: .5; cursor: default; }
  button[aria-pressed="true"], button[aria-selected="true"] { background: var(--_accent); color: var(--_on-accent); border-color: var(--_accent); }
  button.plain { border-color: transparent; background: none; padding-inline: .4rem; }
  button.link { border: 0; background: none; min-block-size: 0; padding: .1rem 0; font-size: inherit; line-height: inherit; color: var(--_accent); text-align: start; text-decoration: underline; text-underline-offset: 2px; overflow-wrap: anywhere; }
  :focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }
  .frame { display: grid; grid-template-rows: auto auto minmax(0, 1fr) auto auto; block-size: var(--kg-height, auto); border: 1px solid var(--_line); border-radius: var(--_radius); overflow: clip; position: relative; }
  .bar { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; padding: .6rem .75rem; border-block-end: 1px solid var(--_line); }
  .bar .title { flex: 1 1 12rem; min-inline-size: 0; }
  .title p { color: var(--_muted); font-size: .8rem; overflow-wrap: anywhere; }
  .tabs { display: flex; }
  .tabs button { border-radius: 0; margin-inline-start: -1px; }
  .tabs button:first-child { border-start-start-radius: 6px; border-end-start-radius: 6px; margin: 0; }
  .tabs button:last-child { border-start-end-radius: 6px; border-end-end-radius: 6px; }
  .notices { display: grid; }
  .notice { display: flex; gap: .75rem; align-items: center; flex-wrap: wrap; padding: .45rem .75rem; background: var(--_raised); border-block-end: 1px solid var(--_line); font-size: .85rem; }
  .notice::before { content: "i"; flex: none; inline-size: 1.2rem; block-size: 1.2rem; border-radius: 50%; border: 1.5px solid currentColor; display: grid; place-items: center; font-weight: 700; font-size: .75rem; }
  .notice > span { flex: 1 1 10rem; }
  .notice.warn::before { content: "!"; border-radius: 3px; color: var(--_changed); }
  .notice.bad::before { content: "×"; border-radius: 3px; color: var(--_removed); }
  .main { display: grid; grid-template-columns: minmax(0, 1fr); min-block-size: 0; position: relative; }
  .main.open { grid-template-columns: minmax(0, 1fr) minmax(16rem, 22rem); }
  .stage { position: relative; min-block-size: var(--kg-stage-height, 31rem); overflow: clip; background: var(--_surface); }
  .stage > svg { position: absolute; inset: 0; inline-size: 100%; block-size: 100%; display: block; touch-action: none; cursor: grab; direction: ltr; }
  .stage > svg.drag { cursor: grabbing; }
  .tools { position: absolute; inset-block-end: .6rem; inset-inline-end: .6rem; display: flex; gap: .25rem; }
  .tools button { inline-size: 2.1rem; padding: 0; }
  .busy { position: absolute; inset-block-start: .6rem; inset-inline-start: .6rem; font-size: .8rem; background: var(--_raised); border: 1px solid var(--_line); border-radius: 999px; padding: .1rem .7rem; color: var(--_muted); }
  .state { position: absolute; inset: 0; display: grid; place-content: center; justify-items: center; gap: .5rem; text-align: center; padding: 1.5rem; }
  .state p { color: var(--_muted); max-inline-size: 34rem; overflow-wrap: anywhere; }
  .state strong { font-size: 1.05rem; overflow-wrap: anywhere; }
  .skeleton rect { fill: var(--_raised); stroke: var(--_line); }
  .skeleton path { stroke: var(--_line); fill: none; }
  @media (prefers-reduced-motion: no-preference) {
    .skeleton { animation: breathe 1.6s ease-in-out infinite; }
    .node, .edge { transition: opacity .15s; }
    svg:not(.crowded) .card { transition: stroke .15s, fill .15s; }
  }
  @keyframes breathe { 50% { opacity: .45; } }

  .node { cursor: pointer; outline: none; }
  .node .card { fill: var(--_surface); stroke: var(--_line); stroke-width: 1.25; }
  .node .inner { fill: none; stroke: none; }
  .node:hover .card { fill: var(--_raised); stroke: var(--_accent); }
  .node .name { fill: var(--_text); font-size: 13px; font-weight: 600; }
  .node .sub { fill: var(--_muted); font-size: 11px; }
  .badge { stroke: var(--_surface); stroke-width: 2; stroke-linecap: round; }
  .far .badge, .farther .badge { transform-box: fill-box; transform-origin: center; scale: 1.5; }
  .farther .badge { scale: 2.2; }
  .node .ring { fill: none; stroke: none; }
  .node:focus-visible .ring { stroke: var(--_accent); stroke-width: 3; }
  .node.focus .card { fill: var(--_raised); stroke: var(--_text); stroke-width: 2; }
  .node.selected .card { stroke: var(--_accent); stroke-width: 3; }
  .node.added .card { stroke: var(--_added); stroke-width: 2.5; }
  .node.added .sub, .edge.added text { fill: var(--_added); }
  .node.added .badge, .edge.added .badge { fill: var(--_added); }
  .node.removed .card { stroke: var(--_removed); stroke-width: 2; stroke-dasharray: 7 4; fill: none; }
  .node.removed .sub, .edge.removed text { fill: var(--_removed); }
  .node.removed .name { text-decoration: line-through; fill: var(--_muted); }
  .node.removed .badge, .edge.removed .badge { fill: var(--_removed); }
  .node.changed .card, .node.changed .inner { stroke: var(--_changed); stroke-width: 1.75; }
  .node.changed .sub, .edge.changed text { fill: var(--_changed); }
  .node.changed .badge, .edge.changed .badge { fill: var(--_changed); }
  .node.ended .card { stroke: var(--_ended); stroke-width: 2; stroke-dasharray: 9 3 2 3; }
  .node.ended .sub { fill: var(--_ended); }
  .node.ended .badge { fill: var(--_ended); }
  .node.undeclared .card { stroke: var(--_undeclared); stroke-width: 2; stroke-dasharray: 1.5 4; stroke-linecap: round; }
  .node.undeclared .badge { fill: var(--_undeclared); }
  .node.absent { pointer-events: none; }
  .node.absent .card { stroke: var(--_line); stroke-dasharray: 2 5; fill: none; }
  .node.absent .name, .node.absent .sub { fill: var(--_muted); font-weight: 400; opacity: .75; }
  .node.absent .glyph { opacity: .35; }
  .node.selected .card, .node.focus.selected .card { stroke: var(--_accent); stroke-width: 3; }
  .fold .card { fill: var(--_raised); stroke: var(--_line); }
  .edge .line { fill: none; stroke: var(--_edge); stroke-width: 1.25; }
  .edge .hit { fill: none; stroke: transparent; stroke-width: 12; cursor: pointer; pointer-events: visibleStroke; }
  .edge:hover .line, .edge.chosen .line { stroke: var(--_accent); stroke-width: 2.5; }
  .edge text { font-size: 11px; fill: var(--_text); text-anchor: middle; paint-order: stroke; stroke: var(--_surface); stroke-width: 4px; stroke-linejoin: round; pointer-events: none; }
  .edge.present:not(:hover, .lit, .chosen) text { display: none; }
  .edge.added .line { stroke: var(--_added); stroke-width: 2.5; }
  .edge.removed .line { stroke: var(--_removed); stroke-width: 1.75; stroke-dasharray: 7 4; }
  .edge.changed .line { stroke: var(--_changed); stroke-width: 2.5; stroke-dasharray: 12 3; }
  .edge.folded .line { stroke-dasharray: 3 3; }
  .edge.absent { visibility: hidden; }
  .dim .node:not(.lit), .dim .edge:not(.lit) { opacity: .28; }
  .edge.lit.some .line { stroke: var(--_accent); stroke-width: 2; }

  .k0 { --_kind: var(--kg-kind-1, light-dark(#2563c9, #82b1ff)); }
  .k1 { --_kind: var(--kg-kind-2, light-dark(#0f7a6c, #5fd6c4)); }
  .k2 { --_kind: var(--kg-kind-3, light-dark(#a34a08, #ffb26b)); }
  .k3 { --_kind: var(--kg-kind-4, light-dark(#8b3fb0, #d7a3f2)); }
  .k4 { --_kind: var(--kg-kind-5, light-dark(#b02a63, #ff9cc4)); }
  .k5 { --_kind: var(--kg-kind-6, light-dark(#4d6b14, #b5d867)); }
  .k6 { --_kind: var(--kg-kind-7, light-dark(#5a5fc7, #b3b6ff)); }
  .k7 { --_kind: var(--kg-kind-8, light-dark(#6b5a36, #d9c38d)); }
  .glyph { fill: var(--_kind); stroke: var(--_kind); stroke-width: 1.5; stroke-linejoin: round; }
  .glyph.hollow { fill: none; stroke-width: 2; }

  .legend { display: flex; flex-wrap: wrap; gap: .35rem .9rem; padding: .5rem .75rem; border-block-start: 1px solid var(--_line); font-size: .8rem; align-items: center; }
  .legend ul { display: flex; flex-wrap: wrap; gap: .25rem .9rem; }
  .legend li { display: inline-flex; align-items: center; gap: .35rem; }
  .legend svg { inline-size: 16px; block-size: 16px; flex: none; overflow: visible; }
  .legend svg.wide { inline-size: 30px; }
  .legend button { min-block-size: 1.75rem; padding: .1rem .5rem; display: inline-flex; gap: .35rem; align-items: center; font-size: .8rem; border-color: transparent; }
  .legend button[aria-pressed] { background: none; color: inherit; border-color: transparent; }
  .legend button[aria-pressed="false"] { text-decoration: line-through; color: var(--_muted); border-color: var(--_line); border-style: dashed; }
  .legend .basis { margin-inline-start: auto; color: var(--_muted); }
  .legend .node .card { stroke-width: 2; }

  .time { border-block-start: 1px solid var(--_line); padding: .5rem .75rem .6rem; display: grid; gap: .4rem; background: var(--_raised); }
  .time .row { display: flex; flex-wrap: wrap; gap: .35rem; align-items: center; }
  /* As the axis below, which runs from left to right everywhere. */
  .time .ways { display: flex; gap: .35rem; direction: ltr; }
  .time .at { font-variant-numeric: tabular-nums; font-weight: 600; min-inline-size: 11rem; }
  .time .grow { flex: 1; }
  .time label { display: inline-flex; align-items: center; gap: .35rem; font-size: .85rem; }
  .time input { inline-size: 1.1rem; block-size: 1.1rem; accent-color: var(--_accent); margin: 0; }
  .time .says { font-size: .8rem; color: var(--_muted); max-inline-size: 60rem; }
  .axis { display: block; inline-size: 100%; block-size: 74px; touch-action: none; cursor: pointer; direction: ltr; overflow: visible; }
  .axis .ground { fill: var(--_surface); stroke: var(--_line); }
  .axis .base { stroke: var(--_line); }
  .axis .appeared { fill: var(--_added); }
  .axis .changed { fill: var(--_changed); }
  .axis .ended { fill: var(--_removed); }
  .axis text { font-size: 11px; fill: var(--_muted); }
  .axis .end { text-anchor: end; }
  .axis .past { fill: var(--_accent); opacity: .09; }
  .axis .span { fill: var(--_accent); opacity: .16; }
  .axis .thumb { outline: none; cursor: ew-resize; }
  .axis .thumb line { stroke: var(--_accent); stroke-width: 2; }
  .axis .thumb circle { fill: var(--_accent); stroke: var(--_surface); stroke-width: 2; }
  .axis .thumb:focus-visible circle { stroke: var(--_text); stroke-width: 3; }
  .axis .pin line { stroke: var(--_text); stroke-width: 1.5; stroke-dasharray: 4 3; }
  .axis .pin path { fill: var(--_text); }
  .axis .today { stroke: var(--_muted); stroke-dasharray: 2 3; }

  .side { border-inline-start: 1px solid var(--_line); padding: .75rem; overflow: auto; max-block-size: max(31rem, var(--kg-stage-height, 31rem)); font-size: .85rem; }
  .side header { display: flex; gap: .5rem; align-items: start; }
  .side header > div { flex: 1; min-inline-size: 0; }
  .side header button { margin-block-start: -.35rem; }
  .side dl { display: grid; grid-template-columns: minmax(5rem, auto) minmax(0, 1fr); gap: .2rem .75rem; }
  .side dt { color: var(--_muted); overflow-wrap: anywhere; unicode-bidi: plaintext; }
  .side dd { overflow-wrap: anywhere; unicode-bidi: plaintext; }
  .side li { padding-block: .2rem; overflow-wrap: anywhere; }
  .side .was { color: var(--_removed); text-decoration: line-through; }
  .event { border: 1px solid var(--_line); border-radius: 6px; padding: .5rem .6rem; display: grid; gap: .15rem; background: var(--_raised); overflow-wrap: anywhere; }
  .event + .event, .chain { margin-block-start: .4rem; }
  .event small { color: var(--_muted); }
  .chain li { border-inline-start: 2px solid var(--_line); padding-inline-start: .6rem; }
  .tables { padding: .75rem; display: grid; gap: 1rem; align-content: start; min-inline-size: 0; }
  .scroll { overflow: auto; max-block-size: 26rem; border: 1px solid var(--_line); border-radius: 6px; }
  table { border-collapse: collapse; inline-size: 100%; font-size: .85rem; }
  caption { text-align: start; font-weight: 600; padding: .5rem .6rem; }
  th, td { text-align: start; padding: .35rem .6rem; border-block-start: 1px solid var(--_line); vertical-align: baseline; overflow-wrap: anywhere; unicode-bidi: plaintext; }
  th { color: var(--_muted); font-weight: 600; white-space: nowrap; }
  th.num, td.num { text-align: end; font-variant-numeric: tabular-nums; }
  .tag { display: inline-flex; gap: .3rem; align-items: center; white-space: nowrap; vertical-align: bottom; }
  .side header + p { margin-block: .6rem; }
  .side header p { color: var(--_muted); }
  .tag.added { color: var(--_added); } .tag.removed { color: var(--_removed); } .tag.changed { color: var(--_changed); } .tag.ended { color: var(--_ended); } .tag.undeclared, .tag.absent { color: var(--_muted); }
  .spread { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; justify-content: space-between; }
  .hidden { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .sheet { position: absolute; inset-block-start: 3.5rem; inset-inline-end: .75rem; z-index: 2; background: var(--_surface); border: 1px solid var(--_line); border-radius: var(--_radius); padding: .75rem 1rem; max-inline-size: 31rem; box-shadow: 0 6px 24px #0003; }
  .sheet dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; font-size: .85rem; margin-block: .5rem; }
  .sheet dt { font-weight: 600; }
  @container (max-width: 44rem) {
    .main.open { grid-template-columns: minmax(0, 1fr); }
    .side { border-inline-start: 0; border-block-start: 1px solid var(--_line); max-block-size: 20rem; }
    .stage { min-block-size: var(--kg-stage-height, 20rem); }
    .legend .basis { margin-inline-start: 0; }
  }
  @media (forced-colors: active) {
    .node .card, .fold .card { fill: Canvas; stroke: CanvasText; }
    .node .name, .node .sub, .edge text, .axis text { fill: CanvasText; }
    .node.selected .card, .node:focus-visible .ring { stroke: Highlight; }
    .edge .line { stroke: CanvasText; }
    .node .badge, .edge .badge { fill: CanvasText; stroke: Canvas; }
    .glyph { fill: CanvasText; stroke: CanvasText; } .glyph.hollow { fill: none; }
    .axis .appeared, .axis .changed, .axis .ended { fill: CanvasText; }
    .axis .thumb line { stroke: Highlight; } .axis .thumb circle { fill: Highlight; }
    .dim .node:not(.lit), .dim .edge:not(.lit) { opacity: .5; }
    button[aria-pressed="true"], button[aria-selected="true"] { forced-color-adjust: none; background: Highlight; color: HighlightText; }
  }
`;

import { nothing, svg, type SVGTemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";
import { NODE_HEIGHT, NODE_WIDTH, type Fold } from "./layout.js";
import { fitted, isRtl, marked, shapeOf } from "./marks.js";
import type { Picture, Scene, SceneNode, Status } from "./scene.js";
import type { Words } from "./words/index.js";

export interface GraphModel {
  readonly scene: Scene;
  readonly picture: Picture;
  /** How many are shown. */
  readonly counts: { readonly nodes: number; readonly edges: number };
  readonly lit: ReadonlySet<string> | null;
  readonly selected: string | null;
  /** The one that the tab key reaches. */
  readonly active: string;
  /** The line that is pointed at. */
  readonly pointed: string | null;
  /** Too many lines differ for all to say how. */
  readonly crowded: boolean;
  readonly words: Words;
  readonly mirror: boolean;
  readonly kindIndex: (kind: string) => number;
  readonly kindLabel: (kind: string) => string;
  readonly typeLabel: (type: string) => string;
}

interface Stroke {
  readonly id: string;
  readonly line: string;
  readonly x: number;
  readonly y: number;
  /** How many it stands for, where some are folded. */
  readonly count: number;
  readonly type: string;
  readonly ends: readonly [string, string];
  /** The edges behind it. */
  readonly edges: readonly string[];
}

const strokes = new WeakMap<Scene, { mirror: boolean; strokes: readonly Stroke[] }>();

interface Corner {
  readonly x: number;
  readonly y: number;
  readonly gate: number;
}

/** A line between two cards: sideways out of one, sideways into the other, and straight where other columns of cards are passed. */
function drawn(source: Corner, target: Corner, offset: number): Pick<Stroke, "line" | "x" | "y"> {
  const y1 = source.y + NODE_HEIGHT / 2 + offset;
  const y2 = target.y + NODE_HEIGHT / 2 + offset;
  const same = source.x === target.x;
  const right = source.x <= target.x;
  const side = (corner: Corner, outwards: boolean): number => (outwards ? corner.x + NODE_WIDTH : corner.x);
  const x1 = side(source, right);
  const x2 = side(target, same || !right);
  const inwards = same || !right ? -1 : 1;
  const end = x2 - inwards * 8;
  // Each leg from the tip, and shorter than any dash.
  const tip = `M${x2} ${y2}l${-inwards * 6} -3.5M${x2} ${y2}l${-inwards * 6} 3.5`;
  if (same) return { line: `M${x1} ${y1}C${x1 + 44} ${y1} ${end + 44} ${y2} ${end} ${y2}H${x2}${tip}`, x: x1 + 33, y: (y1 + y2) / 2 };
  // Between the two gates it bends; a gate that does not lie between is passed by.
  const between = (gate: number): boolean => (gate - x1) * inwards >= 0 && (end - gate) * inwards >= 0;
  const from = between(source.gate) ? source.gate : x1;
  const to = between(target.gate) && (target.gate - from) * inwards > 20 ? target.gate - inwards * 8 : end;
  const bend = Math.max(30, Math.abs(to - from) * 0.45) * inwards;
  return {
    line: `M${x1} ${y1}H${from}C${from + bend} ${y1} ${to - bend} ${y2} ${to} ${y2}H${x2}${tip}`,
    x: (from + to) / 2,
    y: (y1 + y2) / 2,
  };
}

function strokesOf(scene: Scene, mirror: boolean): readonly Stroke[] {
  const before = strokes.get(scene);
  if (before?.mirror === mirror) return before.strokes;
  const folds = new Map(scene.folds.map((one) => [one.id, one]));
  const cornerOf = (key: string): Corner | undefined => {
    const fold = scene.folded.get(key);
    const at = fold === undefined ? scene.places.get(key) : folds.get(fold);
    return at && { x: mirror ? -at.x : at.x, y: at.y, gate: mirror ? NODE_WIDTH - at.gate : at.gate };
  };
  const bundles = new Map<string, { edges: string[]; type: string; ends: [string, string]; folded: boolean }>();
  for (const edge of scene.edges) {
    const source = scene.folded.get(edge.source);
    const target = scene.folded.get(edge.target);
    if (edge.source === edge.target || (source !== undefined && source === target)) continue;
    const folded = source !== undefined || target !== undefined;
    const id = folded ? `fold ${source ?? edge.source} ${edge.type} ${target ?? edge.target}` : edge.id;
    const bundle = bundles.get(id) ?? { edges: [], type: edge.type, ends: [edge.source, edge.target], folded };
    bundle.edges.push(edge.id);
    bundles.set(id, bundle);
  }
  // Several between the same two lie beside each other.
  const lanes = new Map<string, string[]>();
  for (const [id, { ends, folded }] of bundles) {
    const [a, b] = [...ends].map((key) => (folded ? (scene.folded.get(key) ?? key) : key)).sort();
    lanes.set(`${a} ${b}`, [...(lanes.get(`${a} ${b}`) ?? []), id].sort());
  }
  const found: Stroke[] = [];
  for (const ids of lanes.values()) {
    ids.forEach((id, index) => {
      const { edges, type, ends, folded } = bundles.get(id) as { edges: string[]; type: string; ends: [string, string]; folded: boolean };
      const [source, target] = ends.map(cornerOf);
      if (!source || !target) return;
      const offset = (index - (ids.length - 1) / 2) * Math.min(13, 30 / ids.length);
      found.push({ id, ...drawn(source, target, offset), type, ends, edges, count: folded ? edges.length : 0 });
    });
  }
  strokes.set(scene, { mirror, strokes: found });
  return found;
}

const FINE = "11px system-ui, sans-serif";
/** Of a label on a line: about what lies between two columns. */
const LABEL_WIDTH = 92;

function edgeView(model: GraphModel, one: Stroke): SVGTemplateResult {
  const { picture, lit, selected, words } = model;
  const shown = one.edges.filter((id) => picture.edges.get(id)?.status !== "absent");
  const status: Status = one.count ? (shown.length ? "present" : "absent") : (picture.edges.get(one.id)?.status ?? "absent");
  const isLit = lit !== null && shown.some((id) => lit.has(id));
  const label = model.typeLabel(one.type);
  // What is absent is not drawn: of it, nothing but that is otherwise.
  const plain = status === "present" || status === "absent";
  const told = plain ? label : `${label} · ${words.status[status]}`;
  const classes = `edge ${status} ${isLit ? "lit some" : ""} ${one.count ? "folded" : ""} ${selected === one.id ? "chosen" : ""}`;
  // Where many lines have something to say, they say it when they are pointed at; until then there is nothing to be hidden.
  const says = one.count || !model.crowded || selected === one.id || model.pointed === one.id;
  return svg`<g class=${classes} data-edge=${one.count ? "" : one.id}>
    <path class="line" d=${one.line}></path>
    <path class="hit" d=${one.line}><title>${told}${one.count ? ` (${shown.length})` : ""}</title></path>
    ${says ? svg`<text x=${one.x} y=${one.y + (plain ? 4 : 20)}>${fitted(label, LABEL_WIDTH, FINE)}${one.count ? ` ×${shown.length}` : ""}</text>
      ${plain ? null : svg`<text x=${one.x} y=${one.y + 33}>${words.status[status]}</text>`}` : null}
    <path class="badge" d=${marked(status, one.x, one.y, 0.8)}></path>
  </g>`;
}

const NAME_WIDTH = NODE_WIDTH - 44;

function nodeView(model: GraphModel, node: SceneNode, count: number): SVGTemplateResult {
  const { scene, picture, words, mirror, lit, selected } = model;
  const place = scene.places.get(node.key) as { x: number; y: number; shared: boolean };
  const status = picture.nodes.get(node.key)?.status ?? "absent";
  const x = mirror ? -place.x : place.x;
  const kind = model.kindLabel(node.kind);
  const focus = node.key === scene.focus;
  const told = status === "present" ? (focus ? words.centre : "") : words.status[status];
  const sub = told ? `${kind} · ${told}` : kind;
  const absent = status === "absent";
  const classes = `node ${status} ${focus ? "focus" : ""} ${selected === node.key ? "selected" : ""} ${lit?.has(node.key) ? "lit" : ""}`;
  const { classes: glyph, shape } = shapeOf(model.kindIndex(node.kind));
  const rtl = isRtl(node.name);
  const start = mirror ? 10 : 34;
  const end = start + NAME_WIDTH;
  // Of those that share a place, only the one that is there is drawn.
  const display = absent && place.shared ? "none" : "inline";
  return svg`<g class=${classes} part=${`node ${status}`} transform="translate(${x} ${place.y})" display=${display}
      data-key=${node.key} role=${absent ? "presentation" : "option"} aria-hidden=${absent ? "true" : "false"}
      tabindex=${absent ? -1 : model.active === node.key ? 0 : -1} aria-selected=${absent ? nothing : String(selected === node.key)}>
    <title>${words.nodeLabel(node.name, kind, focus ? `${words.centre}, ${words.status[status]}` : words.status[status], count)} (${node.key})</title>
    ${model.active === node.key ? svg`<rect class="ring" x="-4" y="-4" width=${NODE_WIDTH + 8} height=${NODE_HEIGHT + 8} rx="11"></rect>` : null}
    <rect class="card" width=${NODE_WIDTH} height=${NODE_HEIGHT} rx="8"></rect>
    ${status === "changed" ? svg`<rect class="inner" x="3.5" y="3.5" width=${NODE_WIDTH - 7} height=${NODE_HEIGHT - 7} rx="5"></rect>` : null}
    <path class=${glyph} transform="translate(${mirror ? NODE_WIDTH - 19 : 19} 22)" d=${shape}></path>
    <text class="name" x=${rtl || mirror ? end : start} y="19" direction=${rtl ? "rtl" : "ltr"} text-anchor=${mirror && !rtl ? "end" : "start"}>${fitted(node.name, NAME_WIDTH, "600 13px system-ui, sans-serif")}</text>
    <text class="sub" x=${mirror ? end : start} y="35" text-anchor=${mirror ? "end" : "start"}>${fitted(sub, NAME_WIDTH, FINE)}</text>
    <path class="badge" d=${marked(status, mirror ? 2 : NODE_WIDTH - 2, 2)}></path>
  </g>`;
}

export const foldKey = (fold: Fold): string => `fold ${fold.id}`;

function foldView(model: GraphModel, fold: Fold): SVGTemplateResult {
  const { words, picture, lit } = model;
  const kind = model.kindLabel(fold.kind);
  const shown = fold.keys.filter((key) => (picture.nodes.get(key)?.status ?? "absent") !== "absent").length;
  const key = foldKey(fold);
  const { classes: glyph, shape } = shapeOf(model.kindIndex(fold.kind));
  const isLit = lit !== null && fold.keys.some((one) => lit.has(one));
  const x = model.mirror ? -fold.x : fold.x;
  return svg`<g class="node fold ${isLit ? "lit" : ""}" part="fold" transform="translate(${x} ${fold.y})" data-key=${key} role="option"
      tabindex=${model.active === key ? 0 : -1} aria-selected="false">
    <title>${words.moreLabel(shown, kind)}</title>
    <rect class="card" x="6" y="6" width=${NODE_WIDTH} height=${NODE_HEIGHT} rx="8"></rect>
    <rect class="card" x="3" y="3" width=${NODE_WIDTH} height=${NODE_HEIGHT} rx="8"></rect>
    <rect class="ring" x="-4" y="-4" width=${NODE_WIDTH + 8} height=${NODE_HEIGHT + 8} rx="11"></rect>
    <rect class="card" width=${NODE_WIDTH} height=${NODE_HEIGHT} rx="8"></rect>
    <path class=${glyph} transform="translate(19 22)" d=${shape}></path>
    <text class="name" x="34" y="19">${words.more(shown)}</text>
    <text class="sub" x="34" y="35">${fitted(`${kind} · ${words.moreHint}`, NAME_WIDTH, FINE)}</text>
  </g>`;
}

const index = new WeakMap<Scene, readonly SceneNode[]>();

/** The drawn nodes in reading order: by column, then from top to bottom. */
export function drawnNodes(scene: Scene): readonly SceneNode[] {
  const before = index.get(scene);
  if (before) return before;
  const found = [...scene.nodes.values()].filter((one) => scene.places.has(one.key));
  const at = (one: SceneNode): { x: number; y: number } => scene.places.get(one.key) as { x: number; y: number };
  found.sort((a, b) => at(a).x - at(b).x || at(a).y - at(b).y || (a.key < b.key ? -1 : 1));
  index.set(scene, found);
  return found;
}

/**
 * Lines first, cards over them. Of what looks as it did before, nothing is done: a step in time touches what became otherwise.
 * So everything that one of them shows must be among what it is guarded by.
 */
export function worldView(model: GraphModel): SVGTemplateResult {
  const { scene, picture, lit, selected, active, pointed, crowded, words, mirror } = model;
  const all = strokesOf(scene, mirror);
  const counts = new Map<string, number>();
  for (const edge of scene.edges) {
    if ((picture.edges.get(edge.id)?.status ?? "absent") === "absent") continue;
    for (const key of edge.source === edge.target ? [edge.source] : [edge.source, edge.target]) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const edgeLooks = (one: Stroke): unknown[] => [
    scene, words, mirror, crowded, selected === one.id, crowded && pointed === one.id, one.edges.map((id) => `${picture.edges.get(id)?.status} ${lit !== null && lit.has(id)}`).join(), model.typeLabel(one.type),
  ];
  const nodeLooks = (one: SceneNode): unknown[] => [
    scene, words, mirror, picture.nodes.get(one.key)?.status, counts.get(one.key), selected === one.key, active === one.key, lit?.has(one.key), model.kindLabel(one.kind),
  ];
  return svg`<g aria-hidden="true">${repeat(all, (one) => one.id, (one) => guard(edgeLooks(one), () => edgeView(model, one)))}</g>
    <g role="presentation">${repeat(drawnNodes(scene), (one) => one.key, (one) => guard(nodeLooks(one), () => nodeView(model, one, counts.get(one.key) ?? 0)))}
    ${repeat(scene.folds, (one) => one.id, (one) => foldView(model, one))}</g>`;
}

/** Where a key of the keyboard leads from one card: along columns and relationships. */
export function neighbourOf(model: GraphModel, from: string, key: string): string | null {
  const { scene, picture, mirror } = model;
  const spots = [
    ...drawnNodes(scene)
      .filter((one) => (picture.nodes.get(one.key)?.status ?? "absent") !== "absent")
      .map((one) => ({ key: one.key, at: scene.places.get(one.key) as { x: number; y: number } })),
    ...scene.folds.map((one) => ({ key: foldKey(one), at: { x: one.x, y: one.y } })),
  ];
  const here = spots.find((one) => one.key === from)?.at;
  if (!here) return spots[0]?.key ?? null;
  if (key === "Home") return scene.focus;
  const best = (found: { key: string; rank: number }[]): string | null =>
    found.reduce<{ key: string; rank: number } | null>((least, one) => (least === null || one.rank < least.rank ? one : least), null)?.key ?? null;
  if (key === "ArrowUp" || key === "ArrowDown") {
    const sign = key === "ArrowUp" ? -1 : 1;
    return best(
      spots.filter((one) => one.at.x === here.x && sign * (one.at.y - here.y) > 0).map((one) => ({ key: one.key, rank: sign * (one.at.y - here.y) })),
    );
  }
  const sign = (key === "ArrowLeft" ? -1 : 1) * (mirror ? -1 : 1);
  const tied = new Set((scene.near.get(from) ?? []).filter((edge) => picture.edges.get(edge.id)?.status !== "absent").flatMap((edge) => [edge.source, edge.target]));
  return best(
    spots
      .filter((one) => sign * (one.at.x - here.x) > 0)
      // Along a relationship first, then the next column, then the nearest height.
      .map((one) => ({ key: one.key, rank: (tied.has(one.key) ? 0 : 1e7) + Math.abs(one.at.x - here.x) * 10 + Math.abs(one.at.y - here.y) })),
  );
}

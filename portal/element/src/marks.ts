import { svg, type SVGTemplateResult } from "lit";
import type { Status } from "./scene.js";

/** Shapes that tell kinds and states apart without colour; each within 16 by 16 around its middle. */

const GLYPHS = [
  "M-6 -6H6V6H-6Z",
  "M0 -7A7 7 0 1 1 0 7A7 7 0 1 1 0 -7Z",
  "M0 -7.5L7.5 0L0 7.5L-7.5 0Z",
  "M0 -7L7.5 6H-7.5Z",
  "M-3.5 -7H3.5L7.5 0L3.5 7H-3.5L-7.5 0Z",
  "M-6 -4.5A6 2.5 0 0 1 6 -4.5V4.5A6 2.5 0 0 1 -6 4.5Z",
  "M0 -8L2.2 -2.6L8 -2.2L3.6 1.6L5 7.2L0 4.2L-5 7.2L-3.6 1.6L-8 -2.2L-2.2 -2.6Z",
  "M-2.5 -7H2.5V-2.5H7V2.5H2.5V7H-2.5V2.5H-7V-2.5H-2.5Z",
] as const;

/** How a kind is drawn: eight shapes filled, then eight hollow. */
export function shapeOf(index: number): { readonly classes: string; readonly shape: string } {
  const shape = GLYPHS[index % GLYPHS.length] as string;
  const hollow = Math.floor(index / GLYPHS.length) % 2 === 1;
  // Past sixteen, colour and shape are combined otherwise.
  const colour = (index + Math.floor(index / 16) * 3) % 8;
  return { classes: `glyph ${hollow ? "hollow" : ""} k${colour}`, shape };
}

export function glyph(index: number, x: number, y: number): SVGTemplateResult {
  const { classes, shape } = shapeOf(index);
  return svg`<path class=${classes} transform="translate(${x} ${y})" d=${shape}></path>`;
}

const circle = (r: number): string => `c0 -${r * 0.55} ${r * 0.45} -${r} ${r} -${r}s${r} ${r * 0.45} ${r} ${r} -${r * 0.45} ${r} -${r} ${r} -${r} -${r * 0.45} -${r} -${r}`;

/**
 * Outline and sign of each state around its middle: no two outlines are alike, for where it is so small that only the outline is seen.
 * One path each, filled, with the sign in it as a stroke. All of it is relative, so that where and how large it is can be part of it:
 * where hundreds change at once, each element and each transformation is felt.
 */
const BADGES: Partial<Record<Status, string>> = {
  added: `m-9 0${circle(9)}zm5 0h8m-4 -4v8`,
  removed: "m-8 -8h16v16h-16zm4 8h8",
  changed: "m0 -11l10 18h-20zm0 7v5m0 2.8v.2",
  ended: "m-4 -9h8l5 5v8l-5 5h-8l-5 -5v-8zm.5 5.5l7 7m0 -7l-7 7",
  // A bubble with nothing said in it yet; a question mark in a diamond is what fonts show for a character that they lack.
  undeclared: `m-6 -8h12c3.9 0 7 3.1 7 7s-3.1 7 -7 7h-6l-6 5v-5c-3.9 0 -7 -3.1 -7 -7s3.1 -7 7 -7zm-.5 8${circle(1)}m5.5 0${circle(1)}m5.5 0${circle(1)}`,
};
const scaled = new Map<string, string>();

/** The path of the sign of a state; empty for what is simply there. */
export function marked(status: Status, x: number, y: number, scale = 1): string {
  const badge = BADGES[status];
  if (!badge) return "";
  const name = `${status} ${scale}`;
  const path = scaled.get(name) ?? badge.replaceAll(/-?[\d.]+/g, (one) => String(Math.round(Number(one) * scale * 100) / 100));
  scaled.set(name, path);
  return `M${x} ${y}${path}`;
}

/** The same, where few are drawn. */
export function badge(status: Status, x: number, y: number, scale = 1): SVGTemplateResult | null {
  const path = marked(status, x, y, scale);
  return path ? svg`<path class="badge" d=${path}></path>` : null;
}

const RTL = /^[^A-Za-z\u00C0-\u024F\u0370-\u052F]*[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/;

/** Whether a text begins in a script that is written from right to left. */
export const isRtl = (text: string): boolean => RTL.test(text);

let brush: CanvasRenderingContext2D | null | undefined;
const cuts = new Map<string, string>();

/** As much of a text as fits, with an ellipsis where it is cut; between characters, never within one. */
export function fitted(text: string, width: number, font: string): string {
  const name = `${width}|${font}|${text}`;
  const known = cuts.get(name);
  if (known !== undefined) return known;
  brush ??= typeof document === "undefined" ? null : document.createElement("canvas").getContext("2d");
  const measure = (part: string): number => {
    if (!brush) return part.length * 7;
    brush.font = font;
    return brush.measureText(part).width;
  };
  let found = text;
  // Nothing longer than this can fit: measuring it would only take time.
  const most = Math.ceil(width / 2);
  if (text.length > most || measure(text) > width) {
    const characters = Array.from(text.slice(0, most));
    let low = 0;
    let high = characters.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (measure(`${characters.slice(0, middle).join("")}…`) <= width) low = middle;
      else high = middle - 1;
    }
    found = `${characters.slice(0, low).join("").trimEnd()}…`;
  }
  if (cuts.size > 5000) cuts.clear();
  cuts.set(name, found);
  return found;
}

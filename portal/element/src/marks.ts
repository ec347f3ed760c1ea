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

/** The shape of a kind: eight shapes filled, then eight hollow. */
export function glyph(index: number, x: number, y: number): SVGTemplateResult {
  const shape = GLYPHS[index % GLYPHS.length] as string;
  const hollow = Math.floor(index / GLYPHS.length) % 2 === 1;
  // Past sixteen, colour and shape are combined otherwise.
  const colour = (index + Math.floor(index / 16) * 3) % 8;
  return svg`<path class="glyph ${hollow ? "hollow" : ""} k${colour}" transform="translate(${x} ${y})" d=${shape}></path>`;
}

const dot = (x: number): string => `M${x - 1} -1a1 1 0 1 0 2 0a1 1 0 1 0 -2 0`;

/** Outline and sign of each state: no two outlines are alike, for where it is so small that only the outline is seen. */
const BADGES: Partial<Record<Status, readonly [string, string]>> = {
  added: ["M0 -9A9 9 0 1 1 0 9A9 9 0 1 1 0 -9Z", "M-4 0H4M0 -4V4"],
  removed: ["M-8 -8H8V8H-8Z", "M-4 0H4"],
  changed: ["M0 -11L10 7H-10Z", "M0 -4V1M0 3.8V4"],
  ended: ["M-4 -9H4L9 -4V4L4 9H-4L-9 4V-4Z", "M-3.5 -3.5L3.5 3.5M3.5 -3.5L-3.5 3.5"],
  // A bubble with nothing said in it yet; a question mark in a diamond is what fonts show for a character that they lack.
  undeclared: ["M-6 -8H6A7 7 0 0 1 6 6H0L-6 11V6A7 7 0 0 1 -6 -8Z", `${dot(-5.5)}${dot(0)}${dot(5.5)}`],
};

/** The sign of a state; nothing for what is simply there. */
export function badge(status: Status, x: number, y: number, scale = 1): SVGTemplateResult | null {
  const found = BADGES[status];
  if (!found) return null;
  return svg`<g transform="translate(${x} ${y}) scale(${scale})"><g class="mark"><path class="badge" d=${found[0]}></path><path class="sign" d=${found[1]}></path></g></g>`;
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

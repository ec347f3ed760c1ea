import { html, svg, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import type { Happening } from "./scene.js";
import { SECOND, tell, type Micros } from "./time.js";
import type { Words } from "./words/index.js";

export interface TimeModel {
  readonly width: number;
  readonly from: Micros;
  readonly to: Micros;
  readonly at: Micros;
  readonly now: Micros;
  readonly isNow: boolean;
  readonly pinned: Micros | null;
  readonly happenings: readonly Happening[];
  readonly reading: boolean;
  readonly playing: boolean;
  readonly asKnownThen: boolean;
  readonly knownAt: Micros | null;
  readonly span: string;
  readonly words: Words;
  readonly lang: string;
  readonly zone: string;
}

export interface TimeActions {
  readonly move: (at: Micros, moving: boolean) => void;
  readonly key: (event: KeyboardEvent) => void;
  readonly step: (sign: -1 | 1) => void;
  readonly toNow: () => void;
  readonly play: () => void;
  readonly pin: () => void;
  readonly knownThen: (on: boolean) => void;
  readonly knownFree: () => void;
  readonly window: (span: string) => void;
}

const HEIGHT = 74;
const BASE = 38;
const PAD = 10;

interface Bin {
  appeared: number;
  changed: number;
  ended: number;
}

/** How many changes of which sort fall into each of `count` equal parts. */
export function binned(happenings: readonly Happening[], from: Micros, to: Micros, count: number): Bin[] {
  const bins = Array.from({ length: count }, () => ({ appeared: 0, changed: 0, ended: 0 }));
  for (const one of happenings) {
    const bin = bins[Math.min(count - 1, Math.floor(((one.at - from) / (to - from)) * count))];
    if (bin) bin[one.kind]++;
  }
  return bins;
}

function bars(model: TimeModel, x: (at: Micros) => number): unknown {
  const count = Math.max(12, Math.floor((model.width - 2 * PAD) / 9));
  const bins = binned(model.happenings, model.from, model.to, count);
  const most = Math.max(1, ...bins.map((bin) => Math.max(bin.appeared + bin.changed, bin.ended)));
  const unit = (value: number, room: number): number => (value === 0 ? 0 : Math.max(2.5, (Math.sqrt(value) / Math.sqrt(most)) * room));
  const wide = (model.width - 2 * PAD) / count;
  const label = (at: Micros): string => tell(at, model.lang, model.zone);
  return bins.map((bin, index) => {
    if (bin.appeared + bin.changed + bin.ended === 0) return null;
    const from = model.from + ((model.to - model.from) * index) / count;
    const left = x(from) + 1;
    const width = Math.max(2, wide - 2);
    const up = unit(bin.appeared, 20);
    const middle = unit(bin.changed, 14);
    const down = unit(bin.ended, 16);
    const title = model.words.barLabel(label(from), label(from + (model.to - model.from) / count), bin.appeared, bin.changed, bin.ended);
    // What appeared stands above the line, what ended hangs below it, and what changed is pointed.
    return svg`<g><title>${title}</title>
      <rect class="appeared" x=${left} y=${BASE - up} width=${width} height=${up}></rect>
      ${middle ? svg`<path class="changed" d=${`M${left} ${BASE - up - 1}h${width}l${-width / 2} ${-middle}z`}></path>` : null}
      <rect class="ended" x=${left} y=${BASE + 1} width=${width} height=${down}></rect></g>`;
  });
}

export function timeView(model: TimeModel, act: TimeActions): TemplateResult {
  const { words, lang, zone, width, from, to, at } = model;
  const inner = Math.max(1, width - 2 * PAD);
  const x = (instant: Micros): number => PAD + ((Math.min(to, Math.max(from, instant)) - from) / (to - from)) * inner;
  const instantAt = (event: PointerEvent): Micros => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    // Whole seconds, as by keys: nobody means the microseconds of a pixel, and addresses stay short.
    return Math.round((from + ((Math.min(width - PAD, Math.max(PAD, event.clientX - box.left)) - PAD) / inner) * (to - from)) / SECOND) * SECOND;
  };
  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const axis = event.currentTarget as SVGSVGElement;
    axis.setPointerCapture(event.pointerId);
    axis.querySelector<SVGElement>(".thumb")?.focus();
    act.move(instantAt(event), true);
    event.preventDefault();
  };
  const drag = (event: PointerEvent): void => {
    if ((event.currentTarget as Element).hasPointerCapture(event.pointerId)) act.move(instantAt(event), true);
  };
  const up = (event: PointerEvent): void => {
    const axis = event.currentTarget as Element;
    if (!axis.hasPointerCapture(event.pointerId)) return;
    axis.releasePointerCapture(event.pointerId);
    act.move(instantAt(event), false);
  };
  // Here it is said whose time it is: everything else that is told goes by the same.
  const told = model.isNow ? `${words.now} · ${tell(at, lang, zone, "minute", true)}` : tell(at, lang, zone, "second", true);
  return html`<section class="time" part="time" aria-label=${words.time}>
    <div class="row">
      <span class="ways"><button @click=${() => act.step(-1)} title=${`${words.previous} ([)`} aria-label=${words.previous}>◂ <span aria-hidden="true">[</span></button>
      <button @click=${act.play} aria-pressed=${String(model.playing)} aria-label=${model.playing ? words.pause : words.play} title=${model.playing ? words.pause : words.play}>${model.playing ? "❚❚" : "▶"}</button>
      <button @click=${() => act.step(1)} title=${`${words.next} (])`} aria-label=${words.next}><span aria-hidden="true">]</span> ▸</button></span>
      <button @click=${act.toNow} ?disabled=${model.isNow} title=${words.nowTitle}>${words.now}</button>
      <span class="at" part="instant">${told}</span>
      <span class="grow"></span>
      <button @click=${act.pin} aria-pressed=${String(model.pinned !== null)} title=${words.compareTitle}>${model.pinned === null ? words.compare : words.compareEnd}</button>
      ${
        model.knownAt === null
          ? html`<label title=${words.asKnownThenSays}><input type="checkbox" .checked=${model.asKnownThen} @change=${(event: Event) => act.knownThen((event.target as HTMLInputElement).checked)}>${words.asKnownThen}</label>`
          : html`<span>${words.knownFixed(tell(model.knownAt, lang, zone))}</span><button @click=${act.knownFree}>${words.knownFree}</button>`
      }
      <select aria-label=${words.window} .value=${model.span} @change=${(event: Event) => act.window((event.target as HTMLSelectElement).value)}>
        ${Object.entries(words.windows).map(([value, label]) => html`<option value=${value} ?selected=${value === model.span}>${label}</option>`)}
      </select>
    </div>
    ${model.asKnownThen ? html`<p class="says">${words.asKnownThenSays}</p>` : null}
    <svg class="axis" height=${HEIGHT} @pointerdown=${down} @pointermove=${drag} @pointerup=${up} @pointercancel=${up}>
      <rect class="ground" x="0.5" y="0.5" width=${Math.max(0, width - 1)} height="57" rx="6"></rect>
      ${
        model.pinned === null
          ? svg`<rect class="past" x=${PAD} y="1" width=${Math.max(0, x(at) - PAD)} height="56"></rect>`
          : svg`<rect class="span" x=${Math.min(x(at), x(model.pinned))} y="1" width=${Math.abs(x(at) - x(model.pinned))} height="56"></rect>`
      }
      <line class="base" x1=${PAD} x2=${width - PAD} y1=${BASE + 0.5} y2=${BASE + 0.5}></line>
      ${guard([model.happenings, width, from, to, words, zone], () => bars(model, x))}
      ${model.now > from && model.now < to ? svg`<line class="today" x1=${x(model.now)} x2=${x(model.now)} y1="2" y2="56"><title>${words.now}</title></line>` : null}
      ${model.pinned === null ? null : svg`<g class="pin"><line x1=${x(model.pinned)} x2=${x(model.pinned)} y1="2" y2="56"></line><path d=${`M${x(model.pinned)} 2h11l-3.5 4.5l3.5 4.5h-11z`}></path></g>`}
      <g class="thumb" part="thumb" role="slider" tabindex="0" aria-label=${words.timeBar} aria-valuemin=${Math.round(from / 1000)} aria-valuemax=${Math.round(to / 1000)}
         aria-valuenow=${Math.round(at / 1000)} aria-valuetext=${told} @keydown=${act.key}>
        <line x1=${x(at)} x2=${x(at)} y1="2" y2="56"></line><circle cx=${x(at)} cy="56" r="7"></circle>
      </g>
      <text x=${PAD} y="72">${tell(from, lang, zone, "day")}</text>
      <text x=${width / 2} y="72" text-anchor="middle">${model.reading ? words.readingHistory : model.happenings.length ? words.changesIn(model.happenings.length) : words.noChanges}</text>
      <text class="end" x=${width - PAD} y="72">${tell(to, lang, zone, "day")}</text>
    </svg>
  </section>`;
}

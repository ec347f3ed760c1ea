import { html, nothing, svg, type TemplateResult } from "lit";
import { pointName, type Point } from "./scene.js";
import type { Session, Settings } from "./session.js";
import { OPEN, nowMicros, tell, type Micros } from "./time.js";
import type { Words } from "./words/index.js";

/** What is shown instead of a picture, and what is said above one. */

export interface StateModel {
  readonly endpoint: string | null;
  readonly entity: string | null;
  readonly badTime: { readonly name: string; readonly value: string } | null;
  readonly session: Session;
  readonly settings: Settings | null;
  readonly words: Words;
  readonly lang: string;
  readonly zone: string;
  readonly point: Point | null;
  /** How many relationships of the focus are drawn or folded at this instant. */
  readonly tied: number;
  /** Something is selected that is not within what is drawn. */
  readonly astray: boolean;
}

export interface StateActions {
  readonly retry: () => void;
  readonly goTo: (at: Micros) => void;
  readonly knownFree: () => void;
}

const message = (part: string, strong: string, rest: string, more: unknown = nothing): TemplateResult =>
  html`<div class="state" part=${part} role="group"><slot name=${part}><strong>${strong}</strong><p>${rest}</p></slot>${more}</div>`;

const skeleton = (): TemplateResult => html`<svg class="skeleton" viewBox="0 0 640 416" aria-hidden="true">${svg`
  ${[-120, -40, 40, 120].map((y) => svg`<path d=${`M218 208H190C160 208 180 ${208 + y} 150 ${208 + y}M422 208H450C480 208 460 ${208 + y} 490 ${208 + y}`}></path>`)}
  <rect x="218" y="184" width="204" height="48" rx="8"></rect>
  ${[-120, -40, 40, 120].map((y) => svg`<rect x="10" y=${188 + y} width="140" height="40" rx="8"></rect><rect x="490" y=${188 + y} width="140" height="40" rx="8"></rect>`)}`}</svg>`;

/** The state to show instead of a picture; null when there is a picture. */
export function stateView(model: StateModel, act: StateActions): TemplateResult | null {
  const { words, session, settings, lang, zone, point } = model;
  if (!model.endpoint) return message("error", words.noEndpoint, words.noEndpointSays);
  if (!model.entity) return message("empty", words.noEntity, words.noEntitySays);
  if (model.badTime) return message("error", words.badTime(model.badTime.name, model.badTime.value), words.trouble["time"]?.[1] ?? "");
  switch (session.phase) {
    case "idle":
    case "loading":
      return html`${skeleton()}<span class="busy" role="status">${session.slow ? words.stillLoading : words.loading}</span>`;
    case "failed": {
      const [title, hint] = words.trouble[session.trouble?.kind ?? "failed"] ?? ["", ""];
      const said = session.trouble?.message ?? "";
      const shown = session.trouble?.kind === "failed" || session.trouble?.kind === "refused" || session.trouble?.kind === "time" ? said : "";
      return html`<div class="state" part="error" role="alert"><slot name="error"><strong>${title}</strong><p>${hint}</p>${shown ? html`<p>${shown}</p>` : nothing}</slot>
        <button @click=${act.retry}>${words.retry}</button></div>`;
    }
    case "unknown":
      return message("empty", words.unknown(model.entity), words.unknownSays, html`<button @click=${act.retry}>${words.retry}</button>`);
    case "missing": {
      const valid = point?.valid ?? session.now;
      const times = session.times(model.entity);
      const nearest = [times.findLast((at) => at < valid), times.find((at) => at > valid)].filter((at) => at !== undefined);
      const jumps = nearest.map((at) => html`<button @click=${() => act.goTo(at)}>${words.goTo(tell(at, lang, zone))}</button>`);
      const known = settings && settings.known !== null ? settings.known : null;
      if (known !== null && !session.reading && times.length > 0 && known < session.facts.firstKnown(model.entity)) {
        return message("empty", words.notYetKnown(model.entity, tell(known, lang, zone)), words.notYetKnownSays, html`<button @click=${act.knownFree}>${words.knownFree}</button>`);
      }
      const free = settings && (settings.known !== null || settings.asKnownThen) ? html`<button @click=${act.knownFree}>${words.knownFree}</button>` : nothing;
      return message("empty", words.notThen(model.entity, tell(valid, lang, zone)), session.reading ? words.loading : nearest.length ? words.notThenSays : "", html`${jumps}${free}`);
    }
    case "ready":
      return null;
    default:
      return session.phase satisfies never;
  }
}

/** What must be said above the picture. */
export function noticesView(model: StateModel, settings: Settings, at: Point, act: { readonly retry: () => void; readonly unselect: () => void }): TemplateResult[] {
  const { session, words, lang, zone } = model;
  const found: TemplateResult[] = [];
  const say = (text: string, sort = "", action: unknown = nothing): void => {
    found.push(html`<div class="notice ${sort}" part="notice" role=${sort === "bad" ? "alert" : "note"}><span>${text}</span>${action}</div>`);
  };
  if (session.trouble) {
    const [title] = words.trouble[session.trouble.kind] ?? [""];
    say(`${title} ${words.stale}`, "bad", html`<button @click=${act.retry}>${words.retry}</button>`);
  }
  if (session.liveLost) say(words.liveLost, "warn");
  const { read } = session;
  if (read && !settings.impact) {
    const told = [
      ...(read.cut ? [words.leftOut(model.tied, session.counts.get(pointName(at)) ?? null)] : []),
      ...(read.notFollowed ? [words.notFollowed(read.notFollowed)] : []),
      ...(read.cutFurther ? [words.cutFurther] : []),
    ];
    if (told.length) say([...told, words.leftOutHint].join(" "), "warn");
  }
  if (session.impact?.truncated && settings.impact) say(words.impactCut(session.impact.truncated.detail), "warn");
  if (settings.valid !== null && settings.valid > nowMicros()) say(words.validFuture);
  if (at.known !== OPEN && !settings.asKnownThen && at.known < at.valid) say(words.knownBeforeValid, "warn");
  if (model.astray && !session.reading) say(words.selectedElsewhere, "", html`<button @click=${act.unselect}>${words.selectNothing}</button>`);
  if (settings.compareTo === at.valid) say(words.comparingSame, "warn");
  else if (settings.compareTo !== null) {
    const [from, to] = [settings.compareTo, at.valid].map((one) => tell(one, lang, zone));
    say(words.comparing(from ?? "", to ?? ""));
  }
  if (read && read.basis.deadLetters > 0) say(words.deadLetters(read.basis.deadLetters), "warn");
  return found;
}

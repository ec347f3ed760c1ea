import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { Attributed, list, settingsOf, type BadTime } from "./attributes.js";
import { barView, helpView, legendView } from "./bar-view.js";
import type { Trouble } from "./client.js";
import type { KgTimeChangeDetail, KgViewChangeDetail } from "./events.js";
import { worldView, type GraphModel } from "./graph-view.js";
import { Moves } from "./moves.js";
import { Picturing } from "./picturing.js";
import type { Picture, Point, Scene } from "./scene.js";
import { Selecting } from "./selecting.js";
import { Session, type Settings } from "./session.js";
import { sideView } from "./side-view.js";
import { Stage } from "./stage.js";
import { noticesView, stateView, type StateModel } from "./state-view.js";
import { styles } from "./styles.js";
import { impactView, saveCsv, tablesView } from "./table-view.js";
import { timeView } from "./time-view.js";
import { nowMicros, parseInstant, tell, write, type Micros } from "./time.js";
import { wordsFor, type Words } from "./words/index.js";

const SAY_MS = 500;

/**
 * The neighbourhood of one entity at any instant, as a picture that can be moved through time.
 *
 * Asks nothing but `endpoint`. Tokens come by the properties `headers` or `fetcher`, never by an attribute.
 * Fires `kg-select`, `kg-time-change`, `kg-view-change`, `kg-expand` and `kg-error`; none of them crosses a window.
 */
export class KnowledgeGraph extends Attributed {
  static override styles = styles;
  readonly #session = new Session(
    () => this.requestUpdate(),
    (trouble: Trouble) => this.#fire("kg-error", { kind: trouble.kind, message: trouble.message }),
    () => this.#announceLater(),
  );
  readonly #drawing = new Picturing(this.#session);
  readonly #stage = new Stage(this);
  readonly #selecting = new Selecting(
    {
      model: () => this.#model(),
      fire: (name, detail) => this.#fire(name, detail),
      changed: () => this.requestUpdate(),
      center: (key) => {
        this.entity = key;
      },
      chose: (id) => {
        this.selected = id;
      },
      unfold: (fold) => this.#choose({ unfolded: [...(list(this.unfolded) ?? []), fold].join() }),
    },
    this.#session,
    this.#drawing,
    this.#stage,
  );
  readonly #moves = new Moves({
    at: () => (this.#settings ? this.#drawing.point(this.#settings).valid : null),
    window: () => this.#session.window,
    happenings: () => this.#drawing.happenings,
    moveTo: (at, moving) => this.#moveTo(at, moving),
    rest: () => this.#fireTime(false),
    changed: () => this.requestUpdate(),
  });
  /** What the attributes mean, as of the last look at them. */
  #settings: Settings | null = null;
  #badTime: BadTime | null = null;
  /** The one that `kg-error` told of last. */
  #badTold: string | null = null;
  #asked = "";
  /** The question of which something was unfolded, and selected. */
  #question = "";
  #help = false;
  #said = "";
  #sayTimer: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("keydown", this.#shortcut);
    this.reload();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener("keydown", this.#shortcut);
    this.#session.stop();
    this.#moves.stop();
    this.#selecting.stop();
    clearTimeout(this.#sayTimer);
  }

  /** Ask again, for instance with a new token. */
  readonly reload = (): void => {
    this.#asked = "";
    this.requestUpdate();
  };

  get #words(): Words {
    return wordsFor(this.#lang);
  }

  get #lang(): string {
    const asked = this.lang || this.closest("[lang]")?.getAttribute("lang") || "en";
    try {
      return Intl.getCanonicalLocales(asked)[0] ?? "en";
    } catch {
      return "en";
    }
  }

  #fire(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #read(): Settings | null {
    const found = settingsOf(this, this.#words.windows);
    this.#badTime = "key" in found ? null : found;
    return (this.#settings = "key" in found ? found : null);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    this.#selecting.rendering(this.renderRoot);
    const settings = this.#read();
    if (!this.endpoint || !this.entity || !settings || !this.isConnected) {
      this.#asked = "";
      return;
    }
    const { valid, compareTo, asKnownThen, span, impact, ...question } = settings;
    const access = changed.has("headers") || changed.has("fetcher") || changed.has("endpoint");
    const text = JSON.stringify([this.endpoint, question]);
    const moved = JSON.stringify([valid, compareTo, asKnownThen, span, impact]);
    const [before, movedBefore] = this.#asked.split("\n");
    if (changed.get("entity")) {
      if (!changed.has("selected")) this.selected = null;
      if (!changed.has("unfolded")) this.unfolded = null;
    }
    this.#selecting.chosen(this.selected);
    if (before !== text || access) {
      if (this.#question !== text) {
        this.#question = text;
        this.#drawing.opened.clear();
        this.#selecting.begin(this.entity);
        this.#stage.forget();
      }
      void this.#load(settings, before !== text);
    } else if (movedBefore !== moved) {
      const { from, to } = this.#session.window;
      const inside = (at: Micros | null): boolean => at === null || (from <= at && at <= to);
      const same = JSON.stringify([span, impact]) === JSON.stringify(JSON.parse(movedBefore ?? "[]").slice(3));
      this.#selecting.moved();
      if (same && inside(valid) && inside(compareTo)) this.#session.moveTo(settings);
      else void this.#load(settings, false);
    }
    this.#asked = `${text}\n${moved}`;
    this.#prepare(settings);
  }

  async #load(settings: Settings, fresh: boolean): Promise<void> {
    const access = { endpoint: this.endpoint ?? "", headers: this.headers, fetcher: this.fetcher };
    await this.#session.load(access, settings, fresh);
    const { seen } = this.#selecting;
    if (seen !== null && this.#session.facts.nodes.has(seen)) void this.#session.remember(seen);
    if (this.live) void this.#session.follow(true);
    this.#announceLater();
  }

  #prepare(settings: Settings): void {
    const drawing = this.#drawing;
    const { phase } = this.#session;
    if (phase === "ready" || phase === "missing") {
      drawing.hidden = new Set(list(this.hide));
      drawing.unfolded = new Set(list(this.unfolded));
      drawing.prepare(settings, list(this.kinds));
      if (this.#selecting.unfolds()) drawing.prepare(settings, list(this.kinds));
      if (!drawing.shows(this.#selecting.active)) this.#selecting.active = settings.key;
      const at = drawing.point(settings);
      if (this.#selecting.selected === null && drawing.changesAt(at)) this.#session.findMakers(settings.key, at.valid);
    } else drawing.clear();
    this.#stage.scene = drawing.scene;
    this.#stage.mirror = this.matches(":dir(rtl)");
  }

  protected override updated(): void {
    this.#stage.rendered(this.view);
    this.#selecting.rendered(this.renderRoot);
    if (!this.live) void this.#session.follow(false);
    const bad = this.#badTime && this.#words.badTime(this.#badTime.name, this.#badTime.value);
    if (bad !== this.#badTold) {
      this.#badTold = bad;
      if (bad) this.#fire("kg-error", { kind: "time", message: bad });
    }
  }

  // --- time ---------------------------------------------------------------------------------------------------------------------------------------

  #moveTo(at: Micros | null, moving: boolean): void {
    this.validAt = at === null ? null : write(at);
    // Whoever moves twice before anything is drawn moves on from where that led.
    this.#read();
    if (this.#selecting.selected === null) this.#selecting.sideOpen = true;
    this.#fireTime(moving);
    this.#announceLater();
  }

  #fireTime(moving: boolean): void {
    const plain = (text: string | null): string | null => (text ? text : null);
    const detail: KgTimeChangeDetail = { validAt: plain(this.validAt), knownAt: plain(this.knownAt), compareTo: plain(this.compareTo), asKnownThen: this.asKnownThen, moving };
    this.#fire("kg-time-change", detail);
  }

  readonly #pin = (): void => {
    const settings = this.#settings;
    if (!settings) return;
    this.compareTo = settings.compareTo === null ? write(this.#drawing.point(settings).valid) : null;
    this.#fireTime(false);
  };

  readonly #knownFree = (): void => {
    this.knownAt = null;
    this.asKnownThen = false;
    this.#fireTime(false);
  };

  readonly #shortcut = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const [target] = event.composedPath();
    if (target instanceof HTMLElement && target.matches("input:not([type=checkbox]), select, textarea")) return;
    if (event.key === "[") this.#moves.step(-1);
    else if (event.key === "]") this.#moves.step(1);
    else if (event.key === "n") this.#moveTo(null, false);
    else if (event.key === "?") this.#toggleHelp();
    else if (event.key === "Escape" && (this.#help || this.#selecting.selected !== null || this.#selecting.sideOpen)) {
      if (this.#help) this.#toggleHelp();
      else this.#selecting.select(null);
    } else return;
    event.preventDefault();
  };

  readonly #toggleHelp = (): void => {
    this.#help = !this.#help;
    this.requestUpdate();
    // The sheet goes away with whatever had the focus in it.
    if (!this.#help) this.renderRoot.querySelector<HTMLElement>("[aria-expanded].plain")?.focus();
  };

  /** Said when it rests: a screen reader would stumble over every step of a drag. */
  #announceLater(): void {
    clearTimeout(this.#sayTimer);
    this.#sayTimer = setTimeout(() => {
      const settings = this.#settings;
      if (!settings || !this.#drawing.picture) return;
      const { nodes, edges, differing } = this.#drawing.counts();
      this.#said = this.#words.moved(tell(this.#drawing.point(settings).valid, this.#lang, this.timeZone), this.#words.counted(nodes, edges, differing));
      this.requestUpdate();
    }, SAY_MS);
  }

  // --- rendering ----------------------------------------------------------------------------------------------------------------------------------

  readonly #kindIndex = (kind: string): number => {
    const kinds = this.#session.words.kinds.map((one) => one.name).sort();
    const found = kinds.indexOf(kind);
    return found < 0 ? kinds.length : found;
  };

  readonly #kindLabel = (kind: string): string => this.#session.words.kinds.find((one) => one.name === kind)?.label ?? kind;

  readonly #typeLabel = (type: string): string => this.#session.words.relationshipTypes.find((one) => one.type === type)?.label ?? type;

  #model(): GraphModel | null {
    const { scene, picture } = this.#drawing;
    const { seen: selected, active, pointed } = this.#selecting;
    if (!scene || !picture) return null;
    const counts = this.#drawing.counts();
    return {
      scene, picture, counts, lit: selected === null ? null : this.#drawing.lit(selected), selected, active, pointed, crowded: counts.edges > 40 || counts.differing > 12, words: this.#words,
      mirror: this.#stage.mirror, kindIndex: this.#kindIndex, kindLabel: this.#kindLabel, typeLabel: this.#typeLabel,
    };
  }

  #stateModel(settings: Settings | null, at: Point | null): StateModel {
    return {
      endpoint: this.endpoint, entity: this.entity, badTime: this.#badTime, session: this.#session, settings, words: this.#words, lang: this.#lang, zone: this.timeZone, point: at,
      tied: this.#drawing.tied(),
      astray: this.#drawing.scene !== null && this.#selecting.selected !== null && this.#selecting.seen === null,
    };
  }

  protected override render(): TemplateResult {
    const words = this.#words;
    const settings = this.#settings;
    const session = this.#session;
    const failed = this.#badTime !== null || !this.endpoint || !this.entity || session.phase === "failed" || session.phase === "unknown" || session.phase === "loading";
    const at = settings && this.#drawing.point(settings);
    const model = failed ? null : this.#model();
    const state = this.#stateModel(settings, at);
    const side = model && settings && at && this.#selecting.panel !== "closed" && !settings.impact ? this.#side(settings, at) : null;
    return html`<div class="frame" part="frame">
      ${this.#bar(words)}
      <div class="notices">${settings && at && !failed ? noticesView(state, settings, at, { retry: this.reload, unselect: () => this.#selecting.select(null) }) : nothing}</div>
      <div class="main ${side ? "open" : ""}">
        ${this.view === "table" && model ? this.#tables(model) : this.#canvas(model, state)}
        ${side ? html`<aside class="side" part="details" aria-label=${words.details}>${side}</aside>` : nothing}
      </div>
      ${model ? this.#legend(words) : nothing}
      ${settings && at && session.phase !== "loading" && !failed ? this.#time(settings, at) : nothing}
      ${settings?.impact && session.impact && model
        ? impactView(session.impact, words, this.#kindLabel, this.#selecting.select, () => session.impact && saveCsv(session.impact, words, this.entity ?? ""))
        : nothing}
      <p class="hidden" role="status" aria-live="polite">${this.#said}</p>
      ${this.#help ? helpView(words, this.#toggleHelp) : nothing}
    </div>`;
  }

  #bar(words: Words): TemplateResult {
    const key = this.entity ?? "";
    const node = this.#session.facts.nodes.get(key);
    const set = <Name extends "view" | "direction" | "depth" | "impact">(name: Name) => (value: this[Name]): void => this.#choose({ [name]: value });
    return barView(
      {
        name: node?.name ?? key, sub: node ? `${this.#kindLabel(node.kind)} · ${key}` : "", view: this.view, direction: this.direction, depth: this.depth, side: this.impact, help: this.#help, words,
      },
      { view: set("view"), direction: set("direction"), depth: set("depth"), side: set("impact"), help: this.#toggleHelp },
    );
  }

  /** Somebody chose how to look; hosts that keep it in an address are told. */
  #choose(chosen: Partial<Pick<this, "view" | "direction" | "depth" | "span" | "impact" | "hide" | "unfolded">>): void {
    Object.assign(this, chosen);
    const { view, direction, depth, span, impact, hide, unfolded } = this;
    this.#fire("kg-view-change", { view, direction, depth, span, impact, hide, unfolded } satisfies KgViewChangeDetail);
  }

  #canvas(model: GraphModel | null, state: StateModel): TemplateResult {
    const { words } = state;
    const stage = this.#stage;
    const instead = stateView(state, { retry: this.reload, goTo: (at) => this.#moveTo(at, false), knownFree: this.#knownFree });
    if (instead || !model) return html`<div class="stage" part="stage">${instead ?? nothing}</div>`;
    const name = model.scene.nodes.get(model.scene.focus)?.name ?? "";
    const { nodes, edges } = model.counts;
    const label = this.#session.impact && state.settings?.impact ? words.impactLabel(name, nodes - 1, this.#session.impact.side) : words.graphLabel(name, nodes, edges);
    return html`<div class="stage" part="stage">
      <svg class=${`${model.lit ? "dim" : ""} ${model.crowded ? "crowded" : ""}`} role="listbox" aria-label=${label} aria-orientation="horizontal"
        @pointerdown=${stage.pointers.down} @pointermove=${stage.pointers.move} @pointerup=${stage.pointers.up} @pointercancel=${stage.pointers.up}
        @wheel=${{ handleEvent: stage.wheel, passive: false }} @click=${this.#selecting.clicked} @pointerover=${this.#selecting.over} @pointerleave=${this.#selecting.over} @focusin=${this.#selecting.focused} @keydown=${this.#selecting.key}>
        <g class="world" role="presentation" transform=${stage.transform}>${worldView(model)}</g>
      </svg>
      ${this.#session.checking ? html`<span class="busy">${words.checking}</span>` : nothing}
      <div class="tools" part="tools">
        <button @click=${() => stage.zoom(1.25)} aria-label=${words.zoomIn} title=${`${words.zoomIn} (+)`}>+</button>
        <button @click=${() => stage.zoom(0.8)} aria-label=${words.zoomOut} title=${`${words.zoomOut} (−)`}>−</button>
        <button @click=${stage.fitAll} aria-label=${words.fit} title=${`${words.fit} (0)`}>⤢</button>
      </div>
    </div>`;
  }

  #side(settings: Settings, at: Point): TemplateResult | null {
    const session = this.#session;
    return sideView(
      {
        facts: session.facts, scene: this.#drawing.scene as Scene, picture: this.#drawing.picture as Picture, at, against: this.#drawing.against(settings, at), waits: this.#selecting.panel === "waits", selected: this.#selecting.seen,
        happenings: this.#drawing.happenings, makers: session.makers, finding: session.finding, causes: session.causes, words: this.#words, lang: this.#lang, zone: this.timeZone,
        kindLabel: this.#kindLabel, typeLabel: this.#typeLabel,
      },
      { select: this.#selecting.select, center: this.#selecting.center, explain: (event) => void session.explain(event), goTo: (instant) => this.#moveTo(instant, false) },
    );
  }

  #tables({ scene, picture, words }: GraphModel): TemplateResult {
    return tablesView({
      facts: this.#session.facts, scene, picture, happenings: this.#drawing.happenings, words, lang: this.#lang, zone: this.timeZone,
      kindLabel: this.#kindLabel, typeLabel: this.#typeLabel, select: this.#selecting.select,
    });
  }

  #legend(words: Words): TemplateResult {
    const watermark = this.#session.read?.basis.watermark;
    const { hidden, scene } = this.#drawing;
    const final = watermark ? words.final(tell(parseInstant(watermark) ?? nowMicros(), this.#lang, this.timeZone)) : words.noWatermark;
    return legendView({ scene, hidden, live: this.live, final, words, kindIndex: this.#kindIndex, kindLabel: this.#kindLabel }, (kind) => {
      const others = [...hidden].filter((one) => one !== kind);
      this.#choose({ hide: (hidden.has(kind) ? others : [...others, kind]).join() || null });
    });
  }

  #time(settings: Settings, at: Point): TemplateResult {
    const session = this.#session;
    return timeView(
      {
        width: this.#stage.width, ...session.window, at: at.valid, now: session.now, isNow: settings.valid === null, pinned: settings.compareTo, happenings: this.#drawing.happenings,
        reading: session.reading, playing: this.#moves.playing, asKnownThen: settings.asKnownThen, knownAt: settings.known, span: settings.span,
        words: this.#words, lang: this.#lang, zone: this.timeZone,
      },
      {
        move: (to, moving) => this.#moveTo(to, moving),
        key: this.#moves.key,
        step: (sign) => void this.#moves.step(sign),
        toNow: () => this.#moveTo(null, false),
        play: this.#moves.play,
        pin: this.#pin,
        knownThen: (on) => {
          this.asKnownThen = on;
          this.#fireTime(false);
        },
        knownFree: this.#knownFree,
        window: (span) => this.#choose({ span }),
      },
    );
  }
}

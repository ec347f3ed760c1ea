import { LitElement, html, nothing, svg, type PropertyValues, type TemplateResult } from "lit";
import type { Access, Fetcher, Trouble } from "./client.js";
import type { KgExpandDetail, KgSelectDetail, KgTimeChangeDetail } from "./events.js";
import { foldKey, neighbourOf, worldView, type GraphModel } from "./graph-view.js";
import { impactScene } from "./impact-scene.js";
import { NODE_HEIGHT, NODE_WIDTH } from "./layout.js";
import { badge, glyph } from "./marks.js";
import { Pointers, fit, revealing, write as cameraText, zoomed, type Camera } from "./panzoom.js";
import { STATUSES, happenings, litBy, pictureOf, sceneOf, type Direction, type Happening, type Picture, type Point, type Scene } from "./scene.js";
import { Session, type Settings } from "./session.js";
import { sideView, type SideModel } from "./side-view.js";
import { noticesView, stateView, type StateModel } from "./state-view.js";
import { styles } from "./styles.js";
import { csvOf, impactView, tablesView } from "./table-view.js";
import { timeView } from "./time-view.js";
import { OPEN, SECOND, nowMicros, parseInstant, tell, write, type Micros } from "./time.js";
import { wordsFor, type Words } from "./words/index.js";

const list = (text: string | null): string[] | null => {
  const found = (text ?? "").split(/[\s,]+/).filter(Boolean);
  return found.length ? found : null;
};

const PLAY_MS = 900;

/**
 * The neighbourhood of one entity at any instant, as a picture that can be moved through time.
 *
 * Asks nothing but `endpoint`. Tokens come by the properties `headers` or `fetcher`, never by an attribute.
 * Fires `kg-select`, `kg-time-change`, `kg-expand` and `kg-error`; none of them crosses a window.
 */
export class KnowledgeGraph extends LitElement {
  static override styles = styles;
  static override properties = {
    endpoint: { type: String },
    entity: { type: String, reflect: true },
    validAt: { type: String, attribute: "valid-at" },
    knownAt: { type: String, attribute: "known-at" },
    compareTo: { type: String, attribute: "compare-to" },
    asKnownThen: { type: Boolean, attribute: "as-known-then" },
    direction: { type: String },
    depth: { type: Number },
    kinds: { type: String },
    types: { type: String },
    theme: { type: String, reflect: true },
    lang: { type: String },
    view: { type: String },
    live: { type: Boolean },
    span: { type: String },
    timeZone: { attribute: false },
    headers: { attribute: false },
    fetcher: { attribute: false },
  };

  /** Address of the GraphQL API: the only one that is asked. */
  declare endpoint: string | null;
  /** Key of the entity in the middle. */
  declare entity: string | null;
  /** RFC 3339 with an offset, or epoch milliseconds; now when left out. */
  declare validAt: string | null;
  /** As known at this instant; all that is recorded when left out. */
  declare knownAt: string | null;
  declare compareTo: string | null;
  /** The second clock goes with the first. */
  declare asKnownThen: boolean;
  declare direction: Direction;
  /** 1 to 3. */
  declare depth: number;
  /** Only entities of these kinds, by comma or space. */
  declare kinds: string | null;
  /** Only relationships of these types. */
  declare types: string | null;
  declare theme: "light" | "dark" | "auto";
  declare view: "graph" | "table" | "impact";
  /** Follow what lands. */
  declare live: boolean;
  /** The window of the time bar: `fit`, or a number of days. */
  declare span: string;
  /** Name of the zone in which times are told. */
  declare timeZone: string;
  declare headers: Access["headers"];
  declare fetcher: Fetcher | undefined;

  readonly #session = new Session(
    () => this.requestUpdate(),
    (trouble: Trouble) => this.#fire("kg-error", { kind: trouble.kind, message: trouble.message }),
    () => this.#announceLater(),
  );
  #scene: Scene | null = null;
  #sceneOf = "";
  #impactPicture: Picture | null = null;
  #picture: Picture | null = null;
  #happenings: readonly Happening[] = [];
  #selected: string | null = null;
  #sideOpen = true;
  #active = "";
  #focusSoon = false;
  #expanded = new Set<string>();
  #hiddenKinds = new Set<string>();
  #camera: Camera = { k: 1, x: 0, y: 0 };
  #fitted = "";
  #width = 720;
  #stage = { width: 640, height: 416 };
  #playing: ReturnType<typeof setInterval> | undefined;
  #help = false;
  #said = "";
  #sayTimer: ReturnType<typeof setTimeout> | undefined;
  #settingsText = "";
  #badTime: { name: string; value: string } | null = null;
  readonly #pointers = new Pointers(() => this.#camera, (camera) => this.#setCamera(camera));
  readonly #sizes = new ResizeObserver((entries) => this.#resized(entries));

  constructor() {
    super();
    this.endpoint = this.entity = this.validAt = this.knownAt = this.compareTo = this.kinds = this.types = null;
    this.asKnownThen = this.live = false;
    this.direction = "both";
    this.depth = 1;
    this.theme = "auto";
    this.view = "graph";
    this.span = "fit";
    this.timeZone = "UTC";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("keydown", this.#shortcut);
    this.#settingsText = "";
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener("keydown", this.#shortcut);
    this.#session.stop();
    this.#sizes.disconnect();
    clearInterval(this.#playing);
    clearTimeout(this.#sayTimer);
    this.#playing = undefined;
  }

  /** Ask again, for instance with a new token. */
  reload(): void {
    this.#settingsText = "";
    this.requestUpdate();
  }

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

  /** The attributes as they are meant; null when a time is none. */
  #settings(): Settings | null {
    this.#badTime = null;
    const time = (name: string, value: string | null): Micros | null => {
      if (value === null || value.trim() === "") return null;
      const found = parseInstant(value);
      if (found === null) this.#badTime ??= { name, value };
      return found;
    };
    const settings: Settings = {
      key: this.entity ?? "",
      depth: Math.min(3, Math.max(1, Math.round(this.depth) || 1)),
      direction: this.direction === "in" || this.direction === "out" ? this.direction : "both",
      types: list(this.types),
      valid: time("valid-at", this.validAt),
      known: time("known-at", this.knownAt),
      compareTo: time("compare-to", this.compareTo),
      asKnownThen: this.asKnownThen && !this.knownAt,
      span: this.span in this.#words.windows ? this.span : "fit",
      impact: this.view === "impact",
    };
    return this.#badTime ? null : settings;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const settings = this.#settings();
    if (!this.endpoint || !this.entity || !settings || !this.isConnected) {
      this.#settingsText = "";
      return;
    }
    const { valid, compareTo, asKnownThen, span, impact, ...question } = settings;
    const access = changed.has("headers") || changed.has("fetcher") || changed.has("endpoint");
    const text = JSON.stringify([this.endpoint, question]);
    const moved = JSON.stringify([valid, compareTo, asKnownThen, span, impact]);
    const [before, movedBefore] = this.#settingsText.split("\n");
    if (before !== text || access) {
      this.#expanded.clear();
      this.#selected = null;
      this.#active = this.entity;
      this.#fitted = "";
      void this.#load(settings, before !== text);
    } else if (movedBefore !== moved) {
      const inside = (at: Micros | null): boolean => at === null || (this.#session.window.from <= at && at <= this.#session.window.to);
      const same = JSON.stringify([span, impact]) === JSON.stringify(JSON.parse(movedBefore ?? "[]").slice(3));
      if (same && inside(valid) && inside(compareTo)) this.#session.moveTo(settings);
      else void this.#load(settings, false);
    }
    this.#settingsText = `${text}\n${moved}`;
    this.#prepare(settings);
  }

  async #load(settings: Settings, fresh: boolean): Promise<void> {
    const access = { endpoint: this.endpoint ?? "", headers: this.headers, fetcher: this.fetcher };
    await this.#session.load(access, settings, fresh);
    if (this.live) void this.#session.follow(true);
    this.#announceLater();
  }

  /** Lay out where something new is drawn, and look at it at the instant. */
  #prepare(settings: Settings): void {
    const session = this.#session;
    if (session.phase !== "ready" && session.phase !== "missing") {
      this.#scene = this.#picture = null;
      return;
    }
    const options = { expanded: this.#expanded, share: !settings.asKnownThen };
    const name = JSON.stringify([session.drawn, session.window, [...this.#expanded], [...this.#hiddenKinds], this.kinds, options.share, settings.compareTo, settings.key, settings.impact]);
    if (name !== this.#sceneOf || !this.#scene) {
      this.#sceneOf = name;
      if (settings.impact && session.impact) {
        const node = session.facts.nodes.get(settings.key) ?? { key: settings.key, kind: "", name: settings.key };
        const found = impactScene({ ...node, hop: 0 }, session.impact, options);
        this.#scene = found.scene;
        this.#impactPicture = found.picture;
      } else {
        this.#impactPicture = null;
        this.#scene = sceneOf(session.facts, {
          focus: settings.key, depth: settings.depth, direction: settings.direction, kinds: this.#wantedKinds(), types: settings.types && new Set(settings.types),
          from: session.window.from, to: session.window.to, known: settings.known ?? OPEN, ever: settings.asKnownThen,
          held: settings.compareTo === null ? [] : [settings.compareTo], options,
        });
        this.#happenings = happenings(session.facts, this.#scene, session.window.from, session.window.to, settings.known ?? OPEN);
      }
    }
    const at = this.#point(settings);
    this.#picture = this.#impactPicture ?? pictureOf(session.facts, this.#scene, at, this.#against(settings, at));
    const drawn = (key: string): boolean => (this.#scene?.places.has(key) ?? false) && this.#picture?.nodes.get(key)?.status !== "absent";
    if (!drawn(this.#active) && !this.#scene.folds.some((fold) => foldKey(fold) === this.#active)) this.#active = settings.key;
    if (this.#selected === null && this.#happenings.some((one) => one.at === at.valid)) void session.findMakers(settings.key, at.valid);
  }

  #wantedKinds(): ReadonlySet<string> | null {
    const wanted = list(this.kinds);
    if (!wanted && !this.#hiddenKinds.size) return null;
    const all = wanted ?? [...new Set([...this.#session.facts.nodes.values()].map((one) => one.kind))];
    return new Set(all.filter((kind) => !this.#hiddenKinds.has(kind)));
  }

  #point(settings: Settings): Point {
    const valid = settings.valid ?? this.#session.now;
    return { valid, known: this.#session.knownOf(settings, valid) };
  }

  /** What to compare with: the instant held, or at a change, the moment just before. */
  #against(settings: Settings, at: Point): Point | null {
    if (settings.compareTo !== null) return { valid: settings.compareTo, known: this.#session.knownOf(settings, settings.compareTo) };
    return settings.valid !== null && this.#happenings.some((one) => one.at === at.valid) ? { valid: at.valid - 1, known: at.known } : null;
  }

  // --- time ---------------------------------------------------------------------------------------------------------------------------------------

  #moveTo(at: Micros | null, moving: boolean): void {
    this.validAt = at === null ? null : write(at);
    if (this.#selected === null) this.#sideOpen = true;
    this.#fireTime(moving);
    this.#announceLater();
  }

  #fireTime(moving: boolean): void {
    const plain = (text: string | null): string | null => (text ? text : null);
    const detail: KgTimeChangeDetail = { validAt: plain(this.validAt), knownAt: plain(this.knownAt), compareTo: plain(this.compareTo), asKnownThen: this.asKnownThen, moving };
    this.#fire("kg-time-change", detail);
  }

  readonly #step = (sign: -1 | 1): boolean => {
    const settings = this.#settings();
    if (!settings) return false;
    const { valid } = this.#point(settings);
    const found = sign > 0 ? this.#happenings.find((one) => one.at > valid) : this.#happenings.findLast((one) => one.at < valid);
    if (found) this.#moveTo(found.at, this.#playing !== undefined);
    return found !== undefined;
  };

  readonly #play = (): void => {
    if (this.#playing !== undefined) {
      clearInterval(this.#playing);
      this.#playing = undefined;
      this.#fireTime(false);
    } else {
      const settings = this.#settings();
      const last = this.#happenings.at(-1);
      if (!settings || !last) return;
      // From the end, it begins anew.
      if (this.#point(settings).valid >= last.at) this.#moveTo(this.#session.window.from, true);
      this.#playing = setInterval(() => {
        if (!this.#step(1)) this.#play();
      }, PLAY_MS);
    }
    this.requestUpdate();
  };

  readonly #pin = (): void => {
    const settings = this.#settings();
    if (!settings) return;
    this.compareTo = settings.compareTo === null ? write(this.#point(settings).valid) : null;
    this.#fireTime(false);
  };

  readonly #timeKey = (event: KeyboardEvent): void => {
    const settings = this.#settings();
    if (!settings || event.ctrlKey || event.metaKey || event.altKey) return;
    const { from, to } = this.#session.window;
    const { valid } = this.#point(settings);
    const steps: Record<string, number> = { ArrowLeft: -0.01, ArrowDown: -0.01, ArrowRight: 0.01, ArrowUp: 0.01, PageDown: -0.1, PageUp: 0.1 };
    let next: Micros | undefined;
    if (event.key === "Home") next = from;
    else if (event.key === "End") next = to;
    else if (event.key === " ") this.#play();
    else {
      const step = steps[event.key];
      if (step === undefined) return;
      // Whole seconds: nobody means the microseconds of a bar.
      next = Math.round((valid + step * (to - from)) / SECOND) * SECOND;
    }
    event.preventDefault();
    if (next !== undefined) this.#moveTo(Math.min(to, Math.max(from, next)), false);
  };

  readonly #shortcut = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const [target] = event.composedPath();
    if (target instanceof HTMLElement && target.matches("input:not([type=checkbox]), select, textarea")) return;
    if (event.key === "[") this.#step(-1);
    else if (event.key === "]") this.#step(1);
    else if (event.key === "n") this.#moveTo(null, false);
    else if (event.key === "?") this.#toggleHelp();
    else if (event.key === "Escape" && (this.#help || this.#selected !== null || this.#sideOpen)) {
      if (this.#help) this.#toggleHelp();
      else this.#select(null);
    } else return;
    event.preventDefault();
  };

  #toggleHelp(): void {
    this.#help = !this.#help;
    this.requestUpdate();
  }

  /** Said when it rests: a screen reader would stumble over every step of a drag. */
  #announceLater(): void {
    clearTimeout(this.#sayTimer);
    this.#sayTimer = setTimeout(() => {
      const settings = this.#settings();
      if (!settings || !this.#picture) return;
      this.#said = this.#words.moved(tell(this.#point(settings).valid, this.#lang, this.timeZone), this.#counts());
      this.requestUpdate();
    }, 500);
  }

  #counts(): string {
    const shown = (looks: Picture["nodes"] | Picture["edges"] | undefined): { all: number; differing: number } => {
      let all = 0;
      let differing = 0;
      for (const { status } of looks?.values() ?? []) {
        if (status !== "absent") all++;
        if (status === "added" || status === "removed" || status === "changed") differing++;
      }
      return { all, differing };
    };
    const nodes = shown(this.#picture?.nodes);
    const edges = shown(this.#picture?.edges);
    return this.#words.counted(nodes.all, edges.all, nodes.differing + edges.differing);
  }

  // --- selecting ----------------------------------------------------------------------------------------------------------------------------------

  readonly #select = (key: string | null): void => {
    this.#selected = key;
    this.#sideOpen = key !== null;
    const edge = key === null ? undefined : this.#session.facts.edges.get(key);
    const node = key === null || edge ? undefined : this.#scene?.nodes.get(key);
    if (node) {
      this.#active = node.key;
      void this.#session.remember(node.key);
    }
    const detail: KgSelectDetail = {
      what: edge ? "relationship" : node ? "entity" : "none",
      key: node?.key ?? null,
      kind: node?.kind ?? null,
      relationship: edge ? { type: edge.type, source: edge.source, target: edge.target, discriminator: edge.discriminator } : null,
    };
    this.#fire("kg-select", detail);
    this.requestUpdate();
  };

  readonly #center = (key: string): void => {
    this.entity = key;
    this.#fire("kg-expand", { key, kind: null } satisfies KgExpandDetail);
  };

  #open(key: string): void {
    const fold = this.#scene?.folds.find((one) => foldKey(one) === key);
    if (!fold) {
      this.#select(this.#selected === key ? null : key);
      return;
    }
    this.#expanded.add(fold.id);
    this.#active = fold.keys[0] ?? this.#active;
    this.#focusSoon = true;
    this.#fire("kg-expand", { key: null, kind: fold.kind } satisfies KgExpandDetail);
    this.requestUpdate();
  }

  readonly #clicked = (event: MouseEvent): void => {
    if (this.#pointers.dragged) return;
    const target = event.target as Element;
    const node = target.closest<SVGElement>("[data-key]");
    const edge = target.closest<SVGElement>("[data-edge]");
    if (node) {
      this.#active = node.dataset["key"] ?? "";
      this.#open(this.#active);
    } else if (edge?.dataset["edge"]) this.#select(edge.dataset["edge"]);
    else if (this.#selected !== null) this.#select(null);
  };

  /** Whatever has the focus, by whatever means, is where the keys go on from. */
  readonly #focused = (event: FocusEvent): void => {
    const key = (event.target as Element).closest<SVGElement>("[data-key]")?.dataset["key"];
    if (key === undefined || key === this.#active) return;
    this.#active = key;
    this.requestUpdate();
  };

  readonly #graphKey = (event: KeyboardEvent): void => {
    const model = this.#model();
    if (!model || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") this.#open(this.#active);
    else if (event.key === "+" || event.key === "=") this.#zoom(1.25);
    else if (event.key === "-") this.#zoom(0.8);
    else if (event.key === "0") this.#fitAll();
    else if (event.key.startsWith("Arrow") || event.key === "Home") {
      const next = neighbourOf(model, this.#active, event.key);
      if (next !== null) {
        this.#active = next;
        this.#focusSoon = true;
        this.#reveal(next);
        this.requestUpdate();
      }
    } else return;
    event.preventDefault();
  };

  // --- the camera ---------------------------------------------------------------------------------------------------------------------------------

  #setCamera(camera: Camera): void {
    this.#camera = camera;
    // Moving is not rendering: only this one attribute changes.
    this.renderRoot.querySelector(".world")?.setAttribute("transform", cameraText(camera));
  }

  #zoom(factor: number): void {
    this.#setCamera(zoomed(this.#camera, factor, this.#stage.width / 2, this.#stage.height / 2));
  }

  get #mirror(): boolean {
    return this.matches(":dir(rtl)");
  }

  #box(): { minX: number; minY: number; width: number; height: number } {
    const { minX, minY, width, height } = this.#scene ?? { minX: 0, minY: 0, width: NODE_WIDTH, height: NODE_HEIGHT };
    return { minX: this.#mirror ? NODE_WIDTH - minX - width : minX, minY: minY - 8, width, height: height + 16 };
  }

  readonly #fitAll = (): void => {
    this.#setCamera(fit(this.#box(), this.#stage.width, this.#stage.height, null));
  };

  #reveal(key: string): void {
    const fold = this.#scene?.folds.find((one) => foldKey(one) === key);
    const at = fold ?? this.#scene?.places.get(key);
    if (!at) return;
    const box = { minX: this.#mirror ? -at.x : at.x, minY: at.y, width: NODE_WIDTH, height: NODE_HEIGHT };
    this.#setCamera(revealing(this.#camera, box, this.#stage.width, this.#stage.height));
  }

  readonly #wheel = (event: WheelEvent): void => {
    // A plain wheel scrolls the page that the picture is in.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = (event.currentTarget as Element).getBoundingClientRect();
    this.#setCamera(zoomed(this.#camera, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.004)), event.clientX - box.left, event.clientY - box.top));
  };

  #resized(entries: readonly ResizeObserverEntry[]): void {
    for (const { target, contentRect } of entries) {
      if (target.classList.contains("stage")) {
        this.#stage = { width: contentRect.width, height: contentRect.height };
        this.#fitted = "";
      } else this.#width = contentRect.width;
    }
    this.requestUpdate();
  }

  protected override updated(): void {
    for (const name of [".stage", ".time"]) {
      const found = this.renderRoot.querySelector(name);
      if (found) this.#sizes.observe(found);
    }
    const scene = this.#scene;
    const name = scene ? `${scene.focus} ${scene.width} ${scene.height} ${this.view}` : "";
    if (scene && this.#fitted !== name && this.#stage.width > 0) {
      this.#fitted = name;
      const centre = { x: NODE_WIDTH / 2, y: 0 };
      this.#setCamera(fit(this.#box(), this.#stage.width, this.#stage.height, centre));
    }
    if (this.#focusSoon) {
      this.#focusSoon = false;
      this.renderRoot.querySelector<SVGElement>(`[data-key="${CSS.escape(this.#active)}"]`)?.focus();
    }
    if (!this.live) void this.#session.follow(false);
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
    if (!this.#scene || !this.#picture) return null;
    const lit = this.#selected === null ? null : this.#litBy(this.#selected, this.#scene, this.#picture);
    return {
      scene: this.#scene, picture: this.#picture, lit, selected: this.#selected, active: this.#active, words: this.#words, mirror: this.#mirror,
      kindIndex: this.#kindIndex, kindLabel: this.#kindLabel, typeLabel: this.#typeLabel,
    };
  }

  #litBy(selected: string, scene: Scene, picture: Picture): ReadonlySet<string> {
    const edge = this.#session.facts.edges.get(selected);
    if (!edge) return litBy(scene, picture, selected);
    const far = [edge.source, edge.target].sort((a, b) => Math.abs(scene.nodes.get(b)?.hop ?? 0) - Math.abs(scene.nodes.get(a)?.hop ?? 0))[0] as string;
    return new Set([...litBy(scene, picture, far), selected, edge.source, edge.target]);
  }

  protected override render(): TemplateResult {
    const words = this.#words;
    const settings = this.#settings();
    const session = this.#session;
    const failed = this.#badTime !== null || !this.endpoint || !this.entity || session.phase === "failed" || session.phase === "unknown" || session.phase === "loading";
    const at = settings && this.#point(settings);
    const model = failed ? null : this.#model();
    const side = model && settings && at && this.#sideOpen && !settings.impact && !failed ? this.#side(settings, at) : null;
    return html`<div class="frame" part="frame">
      ${this.#barView(words)}
      <div class="notices">${settings && at && !failed ? noticesView(this.#stateModel(settings), settings, at, () => this.reload()) : nothing}</div>
      <div class="main ${side ? "open" : ""}">
        ${this.view === "table" && model && settings ? this.#tables(words) : this.#stageView(model, settings, words)}
        ${side ? html`<aside class="side" part="details" aria-label=${words.details}>${side}</aside>` : nothing}
      </div>
      ${settings?.impact && session.impact && model
        ? impactView(session.impact, words, this.#kindLabel, this.#select, () => this.#saveCsv())
        : nothing}
      ${model ? this.#legend(words) : nothing}
      ${settings && at && session.phase !== "loading" && !failed ? this.#time(settings, at) : nothing}
      <p class="hidden" role="status" aria-live="polite">${this.#said}</p>
      ${this.#help ? this.#helpView(words) : nothing}
    </div>`;
  }

  #side(settings: Settings, at: Point): TemplateResult | null {
    const session = this.#session;
    const model: SideModel = {
      facts: session.facts, scene: this.#scene as Scene, picture: this.#picture as Picture, at, against: this.#against(settings, at), selected: this.#selected,
      happenings: this.#happenings, makers: session.makers, causes: session.causes, words: this.#words, lang: this.#lang, zone: this.timeZone,
      kindLabel: this.#kindLabel, typeLabel: this.#typeLabel,
    };
    return sideView(model, {
      select: this.#select, center: this.#center, explain: (event) => void session.explain(event), goTo: (instant) => this.#moveTo(instant, false),
    });
  }

  #barView(words: Words): TemplateResult {
    const key = this.entity ?? "";
    const node = this.#session.facts.nodes.get(key);
    const views = ["graph", "table", "impact"] as const;
    const choose = (view: (typeof views)[number]): void => {
      this.view = view;
    };
    const value = (event: Event): string => (event.target as HTMLSelectElement).value;
    return html`<div class="bar" part="toolbar">
      <div class="title">${key ? html`<h2>${node?.name ?? key}</h2>` : nothing}<p>${node ? `${this.#kindLabel(node.kind)} · ${key}` : ""}</p></div>
      <div class="tabs" role="group" aria-label=${words.views}>${views.map(
        (view) => html`<button aria-pressed=${String(this.view === view)} @click=${() => choose(view)}>${words[view]}</button>`,
      )}</div>
      ${this.view === "impact" ? nothing : html`<select aria-label=${words.direction} .value=${this.direction} @change=${(event: Event) => (this.direction = value(event) as Direction)}>
        ${(["both", "in", "out"] as const).map((one) => html`<option value=${one} ?selected=${one === this.direction}>${words.directions[one]}</option>`)}
      </select>
      <select aria-label=${words.depth} .value=${String(this.depth)} @change=${(event: Event) => (this.depth = Number(value(event)))}>
        ${[1, 2, 3].map((one) => html`<option value=${one} ?selected=${one === this.depth}>${words.depthOf(one)}</option>`)}
      </select>`}
      <button class="plain" aria-expanded=${String(this.#help)} @click=${() => this.#toggleHelp()} aria-label=${words.help} title=${words.help}>?</button>
    </div>`;
  }

  #stateModel(settings: Settings | null): StateModel {
    return {
      endpoint: this.endpoint, entity: this.entity, badTime: this.#badTime, session: this.#session, settings, words: this.#words, lang: this.#lang,
      zone: this.timeZone, point: settings && this.#point(settings),
    };
  }

  #stageView(model: GraphModel | null, settings: Settings | null, words: Words): TemplateResult {
    const session = this.#session;
    const state = stateView(
      this.#stateModel(settings),
      { retry: () => this.reload(), goTo: (at) => this.#moveTo(at, false), knownFree: () => this.#knownFree() },
    );
    if (state) return html`<div class="stage" part="stage">${state}</div>`;
    if (!model) return html`<div class="stage" part="stage"></div>`;
    const name = model.scene.nodes.get(model.scene.focus)?.name ?? "";
    const shown = [...model.picture.nodes.values()].filter((one) => one.status !== "absent").length;
    const edges = [...model.picture.edges.values()].filter((one) => one.status !== "absent").length;
    const label = settings?.impact ? words.impactLabel(name, shown - 1) : words.graphLabel(name, shown, edges);
    const crowded = edges > 40 ? "crowded" : "";
    return html`<div class="stage" part="stage">
      <svg class=${`${model.lit ? "dim" : ""} ${crowded}`} role="listbox" aria-label=${label} aria-orientation="horizontal"
        @pointerdown=${this.#pointers.down} @pointermove=${this.#pointers.move} @pointerup=${this.#pointers.up} @pointercancel=${this.#pointers.up}
        @wheel=${{ handleEvent: this.#wheel, passive: false }} @click=${this.#clicked} @focusin=${this.#focused} @keydown=${this.#graphKey}>
        <g class="world" role="presentation" transform=${cameraText(this.#camera)}>${worldView(model)}</g>
      </svg>
      ${session.checking ? html`<span class="busy">${words.checking}</span>` : nothing}
      <div class="tools" part="tools">
        <button @click=${() => this.#zoom(1.25)} aria-label=${words.zoomIn} title=${`${words.zoomIn} (+)`}>+</button>
        <button @click=${() => this.#zoom(0.8)} aria-label=${words.zoomOut} title=${`${words.zoomOut} (−)`}>−</button>
        <button @click=${this.#fitAll} aria-label=${words.fit} title=${`${words.fit} (0)`}>⤢</button>
      </div>
    </div>`;
  }

  #tables(words: Words): TemplateResult {
    return tablesView({
      facts: this.#session.facts, scene: this.#scene as Scene, picture: this.#picture as Picture, happenings: this.#happenings, words, lang: this.#lang,
      zone: this.timeZone, kindLabel: this.#kindLabel, typeLabel: this.#typeLabel, select: this.#select,
    });
  }

  #legend(words: Words): TemplateResult {
    const shown = new Set([...(this.#scene?.nodes.values() ?? [])].map((one) => one.kind));
    const kinds = [...new Set([...shown, ...this.#hiddenKinds])].sort();
    const toggle = (kind: string): void => {
      if (!this.#hiddenKinds.delete(kind)) this.#hiddenKinds.add(kind);
      this.requestUpdate();
    };
    const { read } = this.#session;
    const final = read?.basis.watermark ? words.final(tell(parseInstant(read.basis.watermark) ?? nowMicros(), this.#lang, this.timeZone)) : words.noWatermark;
    const sign = (status: (typeof STATUSES)[number]): TemplateResult =>
      html`<svg class="wide" viewBox="0 0 30 16" aria-hidden="true">${svg`<g class=${`node ${status}`}><rect class="card" x="1" y="2" width="22" height="12" rx="3"></rect>${badge(status, 23, 5, 0.6)}</g>`}</svg>`;
    return html`<section class="legend" part="legend" aria-label=${words.legend}>
      <ul aria-label=${words.kinds}>${kinds.map((kind) => {
        const on = !this.#hiddenKinds.has(kind);
        return html`<li><button aria-pressed=${String(on)} title=${words.show(this.#kindLabel(kind))} ?disabled=${kind === this.#scene?.nodes.get(this.#scene.focus)?.kind && kinds.length === 1} @click=${() => toggle(kind)}>
          <svg viewBox="-8 -8 16 16" aria-hidden="true">${glyph(this.#kindIndex(kind), 0, 0)}</svg>${this.#kindLabel(kind)}</button></li>`;
      })}</ul>
      <ul aria-label=${words.state}>${STATUSES.map((status) => html`<li>${sign(status)}${words.status[status]}</li>`)}</ul>
      <span class="basis">${this.live ? html`● ${words.live} · ` : nothing}${final}</span>
    </section>`;
  }

  #time(settings: Settings, at: Point): TemplateResult {
    const session = this.#session;
    return timeView(
      {
        width: this.#width, ...session.window, at: at.valid, now: session.now, isNow: settings.valid === null, pinned: settings.compareTo, happenings: this.#happenings,
        reading: session.reading, playing: this.#playing !== undefined, asKnownThen: settings.asKnownThen, knownAt: settings.known, span: settings.span,
        words: this.#words, lang: this.#lang, zone: this.timeZone,
      },
      {
        move: (to, moving) => this.#moveTo(to, moving),
        key: this.#timeKey,
        step: (sign) => void this.#step(sign),
        toNow: () => this.#moveTo(null, false),
        play: this.#play,
        pin: this.#pin,
        knownThen: (on) => {
          this.asKnownThen = on;
          this.#fireTime(false);
        },
        knownFree: () => this.#knownFree(),
        window: (span) => {
          this.span = span;
        },
      },
    );
  }

  #knownFree(): void {
    this.knownAt = null;
    this.asKnownThen = false;
    this.#fireTime(false);
  }

  #helpView(words: Words): TemplateResult {
    return html`<div class="sheet" role="dialog" aria-label=${words.help}>
      <h3>${words.help}</h3>
      <dl>${words.keys.map(([key, does]) => html`<dt>${key}</dt><dd>${does}</dd>`)}</dl>
      <button @click=${() => this.#toggleHelp()}>${words.close}</button>
    </div>`;
  }

  #saveCsv(): void {
    const { impact } = this.#session;
    if (!impact) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", csvOf(impact, this.#words)], { type: "text/csv;charset=utf-8" }));
    link.download = `impact-${(this.entity ?? "").replaceAll(/[^\w.-]+/g, "-")}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}


import { Cause, Follow, Impact, Moment, Vocabulary, type EventLine, type ImpactData, type VocabularyData } from "./generated.js";
import { Trouble, ask, follow, type Access } from "./client.js";
import { Facts, edgeId, eventName, type EventWithCauses } from "./facts.js";
import { countAround, readFeed, readHistory, readPoint, readWindow, type Read, type Wanted } from "./load.js";
import { pointName } from "./scene.js";
import { DAY, OPEN, nowMicros, write, type Micros } from "./time.js";

/** What is asked for; everything that the element's attributes say, read and checked. */
export interface Settings extends Wanted {
  /** null: now. */
  readonly valid: Micros | null;
  /** null: all that is recorded. */
  readonly known: Micros | null;
  readonly asKnownThen: boolean;
  readonly compareTo: Micros | null;
  readonly span: string;
  /** Which side of an impact is asked for; null: none. */
  readonly impact: ImpactSide | null;
}

/** What depends on it, or what it depends on. */
export type ImpactSide = "dependents" | "dependencies";

export type Phase = "idle" | "loading" | "ready" | "missing" | "unknown" | "failed";

/** An impact as it was read, and which one it is. */
export type ImpactRead = ImpactData["impact"] & { readonly side: ImpactSide };

export interface Window {
  readonly from: Micros;
  readonly to: Micros;
}

const SLOW_MS = 2_000;
const SETTLE_MS = 250;
/** For so long an instant that was read is not asked for again; what lands is heard of sooner, where somebody follows. */
const READ_KEPT_MS = 60_000;
const RETRY_MS_MAX = 30_000;

/** The window that shows what is asked for. */
export function windowOf(settings: Pick<Settings, "valid" | "compareTo" | "span">, now: Micros, moments: readonly Micros[]): Window {
  const marks = [settings.valid ?? now, ...(settings.compareTo === null ? [] : [settings.compareTo])];
  const low = Math.min(...marks);
  const high = Math.max(...marks);
  const days = Number(settings.span);
  if (days > 0) {
    const width = Math.max(days * DAY, (high - low) * 1.2);
    const to = now - low <= width && high <= now ? now : Math.max(high + width * 0.25, low + width);
    return { from: Math.min(to - width, low - width * 0.05), to };
  }
  const newest = [...moments].filter((at) => at <= now).sort((a, b) => b - a);
  const enough = newest[Math.min(11, newest.length - 1)] ?? now - 90 * DAY;
  const to = Math.max(now, high);
  const from = Math.min(enough, low - (settings.valid === null ? 0 : 14 * DAY), to - 30 * DAY);
  return { from: from - (to - from) * 0.04, to: high > now ? to + (to - from) * 0.04 : to };
}

/** Reads, keeps and follows: everything of the element that lasts longer than one rendering. */
export class Session {
  facts = new Facts();
  phase: Phase = "idle";
  trouble: Trouble | null = null;
  read: Read | null = null;
  impact: ImpactRead | null = null;
  window: Window = { from: nowMicros() - 90 * DAY, to: nowMicros() };
  now = nowMicros();
  reading = false;
  checking = false;
  slow = false;
  liveLost = false;
  words: VocabularyData["vocabulary"] = { kinds: [], relationshipTypes: [] };
  readonly causes = new Map<string, EventWithCauses | "loading" | "none">();
  makers: ReadonlyMap<string, EventLine> = new Map();
  /** It is being asked who they are. */
  finding = false;
  #makersOf = "";
  #makersTimer: ReturnType<typeof setTimeout> | undefined;
  /** By entity and instant; and what was answered, by point. */
  readonly #makersAt = new Map<string, ReadonlyMap<string, EventLine>>();
  readonly #points = new Map<string, { readonly read: Read; readonly at_ms: number }>();
  /** How many relationships the focus had, by point: asked where not all were read. */
  readonly counts = new Map<string, { readonly count: number; readonly more: boolean }>();
  readonly #remembered = new Set<string>();
  /** Grows when what is drawn must be laid out anew. */
  drawn = 0;
  #settings: Settings | null = null;
  #aborting = new AbortController();
  #settling: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #following: AbortController | null = null;
  #access: Access = { endpoint: "" };
  #wordsOf = "";

  constructor(
    private readonly changed: () => void,
    private readonly failed: (trouble: Trouble) => void,
    private readonly landed: () => void,
  ) {}

  stop(): void {
    this.#aborting.abort();
    this.#settling?.abort();
    this.#following?.abort();
    this.#following = null;
    clearTimeout(this.#timer);
    clearTimeout(this.#makersTimer);
    this.#makersOf = "";
  }

  /** Something landed, or all is begun anew: what was answered before need not hold. */
  #forget(): void {
    this.#points.clear();
    this.counts.clear();
    this.#makersAt.clear();
    this.#makersOf = "";
  }

  knownOf(settings: Settings, valid: Micros): Micros {
    return settings.asKnownThen ? valid : (settings.known ?? OPEN);
  }

  /** Start over: another entity, another question, other access. `fresh`: what was read before does not hold for it. */
  async load(access: Access, settings: Settings, fresh: boolean): Promise<void> {
    this.stop();
    const aborting = (this.#aborting = new AbortController());
    const { signal } = aborting;
    this.#access = access;
    this.#settings = settings;
    this.#forget();
    if (fresh) {
      this.facts = new Facts();
      this.read = null;
      this.impact = null;
      this.causes.clear();
      this.#remembered.clear();
    }
    this.trouble = null;
    this.slow = false;
    this.phase = fresh || this.phase !== "ready" ? "loading" : "ready";
    this.reading = true;
    const slow = setTimeout(() => {
      this.slow = true;
      this.changed();
    }, SLOW_MS);
    this.changed();
    try {
      // Asked at once: labels are wanted when there is something to label.
      const words = this.#vocabulary(signal);
      words.catch(() => undefined);
      await this.#first(settings, signal, words);
      clearTimeout(slow);
      this.slow = false;
      this.changed();
      await this.#rest(settings, signal);
      void this.#count(settings, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#tell(error);
    } finally {
      clearTimeout(slow);
      if (!signal.aborted) {
        this.reading = false;
        this.slow = false;
        this.changed();
      }
    }
  }

  async #vocabulary(signal: AbortSignal): Promise<void> {
    if (this.#wordsOf === this.#access.endpoint) return;
    this.words = (await ask(this.#access, Vocabulary, {}, signal)).vocabulary;
    this.#wordsOf = this.#access.endpoint;
  }

  async #first(settings: Settings, signal: AbortSignal, words: Promise<void>): Promise<void> {
    const { facts } = this;
    const asKnown = settings.asKnownThen && settings.valid !== null ? settings.valid : (settings.known ?? OPEN);
    const read = await readPoint(this.#access, facts, settings, settings.valid, asKnown, signal, { moments: true });
    if (settings.valid === null) this.now = read.valid;
    else this.now = nowMicros();
    this.read = read;
    this.window = windowOf(settings, this.now, read.moments);
    await words;
    if (settings.impact) await this.#readImpact(settings, settings.impact, read.valid, signal);
    if (settings.compareTo !== null) await readPoint(this.#access, facts, settings, settings.compareTo, this.knownOf(settings, settings.compareTo), signal);
    this.phase = read.there ? "ready" : "missing";
    this.drawn++;
  }

  async #rest(settings: Settings, signal: AbortSignal): Promise<void> {
    const known = settings.known ?? OPEN;
    const read = this.read as Read;
    if (!read.there) await readHistory(this.#access, this.facts, settings.key, OPEN, signal);
    await readWindow(this.#access, this.facts, settings, read, this.window, read.moments, known, signal, (one) => this.#keep(one, known));
    if (!read.there && this.times(settings.key).length === 0) this.phase = "unknown";
    this.drawn++;
  }

  /** When an entity was there, as far as that is known here: the beginnings of its stretches. */
  times(key: string): Micros[] {
    const own = this.facts.nodeStates(key, OPEN).map((one) => one.from);
    const tied = [...this.facts.edges.values()].filter((one) => one.source === key || one.target === key);
    return [...own, ...tied.flatMap((one) => this.facts.edgeStates(one.id, OPEN).map((state) => state.from))].sort((a, b) => a - b);
  }

  /** The same question at another point: what is known here is shown at once, and after a rest the service has the last word. */
  moveTo(settings: Settings): void {
    this.#settings = settings;
    this.#settling?.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#makersTimer);
    this.#makersOf = "";
    if (this.phase === "missing" && this.read) this.phase = "ready";
    this.#timer = setTimeout(() => void this.#settle(settings), SETTLE_MS);
  }

  #keep(read: Read, known: Micros): void {
    this.#points.set(pointName({ valid: read.valid, known }), { read, at_ms: performance.now() });
  }

  /** What was answered for a point, where that was a moment ago. */
  #kept(valid: Micros | null, known: Micros): Read | null {
    const kept = valid === null ? undefined : this.#points.get(pointName({ valid, known }));
    return kept && performance.now() - kept.at_ms < READ_KEPT_MS ? kept.read : null;
  }

  async #settle(settings: Settings): Promise<void> {
    const kept = this.#kept(settings.valid, this.knownOf(settings, settings.valid ?? 0));
    if (kept && !settings.impact && !this.trouble) {
      this.#arrived(kept);
      void this.#count(settings, this.#aborting.signal);
      this.changed();
      return;
    }
    const settling = (this.#settling = new AbortController());
    const signal = AbortSignal.any([settling.signal, this.#aborting.signal]);
    this.checking = true;
    this.changed();
    try {
      const known = this.knownOf(settings, settings.valid ?? nowMicros());
      const edges = this.facts.edges.size;
      const before = this.facts.version;
      const read = await readPoint(this.#access, this.facts, settings, settings.valid, known, signal, { expected: this.read?.count ?? 20 });
      this.#keep(read, known);
      if (settings.valid === null) this.now = read.valid;
      if (settings.impact) await this.#readImpact(settings, settings.impact, read.valid, signal);
      this.#arrived(read);
      void this.#count(settings, signal);
      if (this.facts.edges.size !== edges || (settings.asKnownThen && this.facts.version !== before)) this.drawn++;
    } catch (error) {
      if (signal.aborted) return;
      this.#tell(error);
    } finally {
      if (this.#settling === settling) {
        this.checking = false;
        this.changed();
      }
    }
  }

  /** Where not all was read, how many there are. */
  async #count(settings: Settings, signal: AbortSignal): Promise<void> {
    const { read } = this;
    if (!read?.cut) return;
    const point = { valid: read.valid, known: this.knownOf(settings, read.valid) };
    if (this.counts.has(pointName(point))) return;
    try {
      this.counts.set(pointName(point), await countAround(this.#access, settings, point.valid, point.known, signal));
      this.changed();
    } catch {
      // It is an addition: without it, it is said that there are more.
    }
  }

  #arrived(read: Read): void {
    this.read = { ...read, moments: this.read?.moments ?? [] };
    this.phase = read.there ? "ready" : "missing";
    this.trouble = null;
  }

  async #readImpact(settings: Settings, side: ImpactSide, valid: Micros, signal: AbortSignal): Promise<void> {
    const known = this.knownOf(settings, valid);
    const at = { valid: write(valid), ...(known === OPEN ? {} : { known: write(known) }) };
    const owners = this.words.relationshipTypes.filter((one) => one.owner).map((one) => one.type);
    const variables = { of: [settings.key], at, types: settings.types, maxDepth: 5, first: 200, owners, direction: side === "dependents" ? ("DEPENDENTS" as const) : ("DEPENDENCIES" as const) };
    this.impact = { ...(await ask(this.#access, Impact, variables, signal)).impact, side };
    this.drawn++;
  }

  #tell(error: unknown): void {
    const trouble = error instanceof Trouble ? error : new Trouble("failed", error instanceof Error ? error.message : String(error));
    // A host gets another token once, however many questions the old one was too late for.
    const told = trouble.kind === "expired" && this.trouble?.kind === "expired";
    this.trouble = trouble;
    if (this.phase === "loading") this.phase = "failed";
    if (!told) this.failed(trouble);
    this.changed();
  }

  /** Where an event comes from and what came of it. */
  async explain(event: EventLine): Promise<void> {
    const name = eventName(event);
    if (this.causes.has(name)) return;
    this.causes.set(name, "loading");
    this.changed();
    try {
      const found = await ask(this.#access, Cause, { source: event.source, id: event.eventId }, this.#aborting.signal);
      this.causes.set(name, found.event ?? "none");
    } catch (error) {
      this.causes.delete(name);
      if (!this.#aborting.signal.aborted) this.#tell(error);
    }
    this.changed();
  }

  /** All versions of one entity, so that each names the event that made it. */
  async remember(key: string): Promise<void> {
    if (!this.#settings || this.#remembered.has(key)) return;
    this.#remembered.add(key);
    try {
      await readHistory(this.#access, this.facts, key, this.#settings.known ?? OPEN, this.#aborting.signal);
      this.changed();
    } catch {
      // It is an addition; asked again when it is looked at again.
      this.#remembered.delete(key);
    }
  }

  /** Who made what became otherwise at one instant: ends do not say it by themselves. Asked when it comes to rest there, and once. */
  findMakers(key: string, at: Micros): void {
    const name = `${key} ${at}`;
    if (this.#makersOf === name) return;
    this.#makersOf = name;
    clearTimeout(this.#makersTimer);
    this.makers = this.#makersAt.get(name) ?? new Map();
    this.finding = !this.#makersAt.has(name);
    if (this.finding) this.#makersTimer = setTimeout(() => void this.#askMakers(name, key, at), SETTLE_MS);
  }

  async #askMakers(name: string, key: string, at: Micros): Promise<void> {
    try {
      const variables = { from: { valid: write(at - 1) }, to: { valid: write(at) }, around: key };
      const { diff } = await ask(this.#access, Moment, variables, this.#aborting.signal);
      const found = diff.edges.flatMap(({ node }): [string, EventLine][] => {
        const { relationship, entity, event } = node;
        if (!event) return [];
        const ends = relationship && { ...relationship, source: relationship.source.key, target: relationship.target.key };
        return [[ends ? edgeId(ends) : (entity?.key ?? ""), event]];
      });
      const makers = new Map(found);
      this.#makersAt.set(name, makers);
      if (this.#makersOf === name) this.makers = makers;
    } catch {
      // It is an addition; what it is added to stays.
    }
    if (this.#makersOf !== name) return;
    this.finding = false;
    this.changed();
  }

  async #catchUp(inner: readonly string[], signal: AbortSignal): Promise<void> {
    try {
      await readFeed(this.#access, this.facts, inner, this.#settings?.types ?? null, signal);
      this.#forget();
      this.now = Math.max(this.now, nowMicros());
      this.drawn++;
      this.changed();
    } catch (error) {
      if (!signal.aborted) this.#tell(error);
    }
  }

  /** Follow what lands, for as long as it is wanted. */
  async follow(on: boolean): Promise<void> {
    if (!on) {
      this.#following?.abort();
      this.#following = null;
      this.liveLost = false;
      return;
    }
    if (this.#following || !this.read || !this.#settings) return;
    const following = (this.#following = new AbortController());
    const { signal } = following;
    let after: string | null = null;
    let wait_ms = 1_000;
    while (!signal.aborted) {
      try {
        const filter = { around: this.read.inner.slice(0, 100), ...(this.#settings.types ? { types: this.#settings.types } : {}) };
        const each = (data: { changes: Parameters<Facts["addChange"]>[0] & { cursor: string } }): void => {
          after = data.changes.cursor;
          this.facts.addChange(data.changes);
          this.#forget();
          this.now = Math.max(this.now, nowMicros());
          this.drawn++;
          this.landed();
          this.changed();
        };
        await follow(this.#access, Follow, { filter, after }, signal, each, () => {
          wait_ms = 1_000;
          // With a cursor it is told what was missed; without one, it is read.
          if (this.liveLost && after === null) void this.#catchUp(this.read?.inner ?? [], signal);
          this.liveLost = false;
          this.changed();
        });
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Trouble && typeof error.extensions["cursor"] === "string") after = error.extensions["cursor"];
        if (error instanceof Trouble && (error.kind === "expired" || error.kind === "forbidden" || error.kind === "gone")) {
          this.#following = null;
          this.#tell(error);
          return;
        }
      }
      this.liveLost = true;
      this.changed();
      await new Promise((done) => setTimeout(done, wait_ms));
      wait_ms = Math.min(wait_ms * 2, RETRY_MS_MAX);
    }
  }
}

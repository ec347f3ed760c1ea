import { foldKey } from "./graph-view.js";
import { impactScene } from "./impact-scene.js";
import { happenings, litBy, pictureOf, sceneOf, type Happening, type Picture, type Point, type Scene } from "./scene.js";
import type { Session, Settings } from "./session.js";
import { OPEN } from "./time.js";

/** From what is known to what is drawn: laid out anew where something new is in it, and otherwise only looked at. */
export class Picturing {
  scene: Scene | null = null;
  picture: Picture | null = null;
  happenings: readonly Happening[] = [];
  /** Groups that are unfolded because what is selected is in them. */
  readonly opened = new Set<string>();
  /** Groups that somebody unfolded. */
  unfolded: ReadonlySet<string> = new Set();
  /** Kinds that the legend has turned off. */
  hidden: ReadonlySet<string> = new Set();
  #of = "";
  #impact: Picture | null = null;
  #looked = "";

  constructor(private readonly session: Session) {}

  clear(): void {
    this.scene = this.picture = null;
    this.#looked = "";
  }

  point(settings: Settings): Point {
    const valid = settings.valid ?? this.session.now;
    return { valid, known: this.session.knownOf(settings, valid) };
  }

  /** What to compare with: the instant held, or at a change, the moment just before. */
  against(settings: Settings, at: Point): Point | null {
    if (settings.compareTo !== null) return { valid: settings.compareTo, known: this.session.knownOf(settings, settings.compareTo) };
    return settings.valid !== null && this.changesAt(at) ? { valid: at.valid - 1, known: at.known } : null;
  }

  changesAt(at: Point): boolean {
    return this.happenings.some((one) => one.at === at.valid);
  }

  /** `kinds`: only these, where they are said. */
  prepare(settings: Settings, kinds: readonly string[] | null): void {
    const { session } = this;
    const options = { expanded: new Set([...this.opened, ...this.unfolded]), share: !settings.asKnownThen };
    const name = JSON.stringify([session.drawn, session.window, [...options.expanded], [...this.hidden], kinds, options.share, settings.compareTo, settings.key, settings.impact]);
    if (name !== this.#of || !this.scene) {
      this.#of = name;
      this.#looked = "";
      this.#layOut(settings, kinds, options);
    }
    const scene = this.scene as unknown as Scene;
    const at = this.point(settings);
    const against = this.against(settings, at);
    // Most renderings are for something else: the picture is the same.
    const looked = JSON.stringify([at, against, session.facts.version]);
    if (looked === this.#looked && this.picture) return;
    this.#looked = looked;
    this.picture = this.#impact ?? pictureOf(session.facts, scene, at, against);
  }

  #layOut(settings: Settings, kinds: readonly string[] | null, options: { expanded: ReadonlySet<string>; share: boolean }): void {
    const { session } = this;
    const known = settings.known ?? OPEN;
    const { from, to } = session.window;
    const around = sceneOf(session.facts, {
      focus: settings.key, depth: settings.depth, direction: settings.direction, kinds: this.#wanted(kinds), types: settings.types && new Set(settings.types),
      from, to, known, ever: settings.asKnownThen, held: settings.compareTo === null ? [] : [settings.compareTo], options,
    });
    this.happenings = happenings(session.facts, around, from, to, known);
    if (settings.impact && session.impact) {
      const node = session.facts.nodes.get(settings.key) ?? { key: settings.key, kind: "", name: settings.key };
      const found = impactScene({ ...node, hop: 0 }, session.impact, options);
      this.scene = found.scene;
      this.#impact = found.picture;
      return;
    }
    this.#impact = null;
    this.scene = around;
  }

  #wanted(kinds: readonly string[] | null): ReadonlySet<string> | null {
    if (!kinds && !this.hidden.size) return null;
    const all = kinds ?? [...new Set([...this.session.facts.nodes.values()].map((one) => one.kind))];
    return new Set(all.filter((kind) => !this.hidden.has(kind)));
  }

  /** Whether something with this key is drawn and there. */
  shows(key: string): boolean {
    const { scene, picture } = this;
    if (!scene) return false;
    return (scene.places.has(key) && picture?.nodes.get(key)?.status !== "absent") || scene.folds.some((fold) => foldKey(fold) === key);
  }

  /** What a selected entity or relationship lights up. */
  lit(selected: string): ReadonlySet<string> {
    const scene = this.scene as Scene;
    const picture = this.picture as Picture;
    const edge = this.session.facts.edges.get(selected);
    if (!edge) return litBy(scene, picture, selected);
    const far = [edge.source, edge.target].sort((a, b) => Math.abs(scene.nodes.get(b)?.hop ?? 0) - Math.abs(scene.nodes.get(a)?.hop ?? 0))[0] as string;
    return new Set([...litBy(scene, picture, far), selected, edge.source, edge.target]);
  }

  /** How many relationships of the focus are there. */
  tied(): number {
    const { scene, picture } = this;
    return (scene?.near.get(scene.focus) ?? []).filter((edge) => !["absent", "removed"].includes(picture?.edges.get(edge.id)?.status ?? "absent")).length;
  }

  /** How many are shown, and how many of them became otherwise. */
  counts(): { nodes: number; edges: number; differing: number } {
    const shown = (looks: Picture["nodes"] | Picture["edges"] | undefined): { all: number; differing: number } => {
      let all = 0;
      let differing = 0;
      for (const { status } of looks?.values() ?? []) {
        if (status !== "absent") all++;
        if (status === "added" || status === "removed" || status === "changed") differing++;
      }
      return { all, differing };
    };
    const nodes = shown(this.picture?.nodes);
    const edges = shown(this.picture?.edges);
    return { nodes: nodes.all, edges: edges.all, differing: nodes.differing + edges.differing };
  }
}

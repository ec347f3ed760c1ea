import type { KgExpandDetail, KgSelectDetail } from "./events.js";
import { foldKey, neighbourOf, type GraphModel } from "./graph-view.js";
import type { Picturing } from "./picturing.js";
import type { Session } from "./session.js";
import type { Stage } from "./stage.js";

/** The element, as far as selecting is concerned. */
export interface Selectable {
  readonly model: () => GraphModel | null;
  readonly fire: (name: string, detail: unknown) => void;
  readonly changed: () => void;
  /** The attribute says what is selected. */
  readonly chose: (id: string | null) => void;
  /** Show all of a group, from now on. */
  readonly unfold: (fold: string) => void;
  /** Make an entity the one in the middle. */
  readonly center: (key: string) => void;
}

const REST_MS = 150;

/** What is selected, and where the keys are: on the picture by pointer and by keyboard, in the tables by their buttons. */
export class Selecting {
  /** The key of an entity or the id of a relationship. */
  selected: string | null = null;
  /** The card that the tab key reaches. */
  active = "";
  /** The relationship that is pointed at. */
  pointed: string | null = null;
  sideOpen = true;
  #focusSoon = false;
  /** Something in the panel had the focus before this rendering. */
  #within = false;
  #open = false;
  #restTimer: ReturnType<typeof setTimeout> | undefined;
  /** The one for which folds were opened: somebody may close them again. */
  #unfolded: string | null = null;

  constructor(
    private readonly host: Selectable,
    private readonly session: Session,
    private readonly drawing: Picturing,
    private readonly stage: Stage,
  ) {}

  /** Another entity is in the middle. */
  begin(key: string): void {
    this.active = key;
  }

  stop(): void {
    clearTimeout(this.#restTimer);
    this.#restTimer = undefined;
  }

  /** Time moved: the picture follows at once, the panel tells what happened where it comes to rest. Whoever is in the panel moves by it. */
  moved(): void {
    this.stop();
    if (this.#within) return;
    this.#restTimer = setTimeout(() => {
      this.stop();
      this.host.changed();
    }, REST_MS);
  }

  /** What the panel does: tell, or stay as wide as it is until time rests; or there is none. */
  get panel(): "tells" | "waits" | "closed" {
    if (!this.sideOpen) return "closed";
    return this.selected !== null || this.#restTimer === undefined ? "tells" : this.#open ? "waits" : "closed";
  }

  /** The attribute was set: from within, or by the page around. */
  chosen(id: string | null): void {
    if (id === this.selected) return;
    this.selected = id;
    this.sideOpen = true;
    this.#unfolded = null;
  }

  /** After something was laid out: what is selected is seen, also where it is folded. Returns whether it has to be laid out again. */
  unfolds(): boolean {
    const { scene, opened } = this.drawing;
    const { selected } = this;
    if (!scene || selected === null || this.#unfolded === selected) return false;
    const edge = scene.edges.find((one) => one.id === selected);
    const folds = (edge ? [edge.source, edge.target] : [selected]).flatMap((key) => scene.folded.get(key) ?? []);
    if (edge || scene.nodes.has(selected)) this.#unfolded = selected;
    for (const fold of folds) opened.add(fold);
    return folds.length > 0;
  }

  /** What is selected and can be seen; null when nothing is, or it is not within what is drawn. */
  get seen(): string | null {
    const { scene } = this.drawing;
    const { selected } = this;
    return selected !== null && scene && (scene.nodes.has(selected) || scene.edges.some((one) => one.id === selected)) ? selected : null;
  }

  /** Before a rendering. */
  rendering(root: HTMLElement | DocumentFragment): void {
    this.#within = root instanceof ShadowRoot && root.activeElement?.closest(".side") != null;
  }

  /** After a rendering: the card that was gone to has the focus. */
  rendered(root: HTMLElement | DocumentFragment): void {
    // The panel went away with the focus in it: the keys go on from the card that it was about.
    this.#open = root.querySelector(".side") !== null;
    if (this.#within && !this.#open) this.#focusSoon = true;
    this.#within = false;
    if (!this.#focusSoon) return;
    this.#focusSoon = false;
    root.querySelector<SVGElement>(`[data-key="${CSS.escape(this.active)}"]`)?.focus();
  }

  readonly select = (key: string | null): void => {
    if (key !== this.selected) this.#unfolded = null;
    this.selected = key;
    this.sideOpen = key !== null;
    const edge = key === null ? undefined : (this.session.facts.edges.get(key) ?? this.drawing.scene?.edges.find((one) => one.id === key));
    const node = key === null || edge ? undefined : this.drawing.scene?.nodes.get(key);
    if (node) {
      this.active = node.key;
      void this.session.remember(node.key);
    }
    const detail: KgSelectDetail = {
      what: edge ? "relationship" : node ? "entity" : "none",
      id: edge || node ? key : null,
      key: node?.key ?? null,
      kind: node?.kind ?? null,
      relationship: edge ? { type: edge.type, source: edge.source, target: edge.target, discriminator: edge.discriminator } : null,
    };
    this.host.chose(key);
    this.host.fire("kg-select", detail);
    this.host.changed();
  };

  readonly center = (key: string): void => {
    this.host.center(key);
    this.host.fire("kg-expand", { key, kind: null } satisfies KgExpandDetail);
  };

  /** Open the details of a card, or what is folded in it. */
  open(key: string): void {
    const fold = this.drawing.scene?.folds.find((one) => foldKey(one) === key);
    if (!fold) {
      this.select(this.selected === key ? null : key);
      return;
    }
    this.host.unfold(fold.id);
    this.active = fold.keys[0] ?? this.active;
    this.#focusSoon = true;
    this.host.fire("kg-expand", { key: null, kind: fold.kind } satisfies KgExpandDetail);
    this.host.changed();
  }

  readonly clicked = (event: MouseEvent): void => {
    if (this.stage.pointers.dragged) return;
    const target = event.target as Element;
    const node = target.closest<SVGElement>("[data-key]");
    const edge = target.closest<SVGElement>("[data-edge]");
    if (node) {
      this.active = node.dataset["key"] ?? "";
      this.open(this.active);
    } else if (edge?.dataset["edge"]) this.select(edge.dataset["edge"]);
    else if (this.selected !== null) this.select(null);
  };

  readonly over = (event: PointerEvent): void => {
    const edge = event.type === "pointerover" ? (event.target as Element).closest<SVGElement>("[data-edge]") : null;
    const id = edge?.dataset["edge"] || null;
    if (id === this.pointed) return;
    this.pointed = id;
    this.host.changed();
  };

  /** Whatever has the focus, by whatever means, is where the keys go on from. */
  readonly focused = (event: FocusEvent): void => {
    const key = (event.target as Element).closest<SVGElement>("[data-key]")?.dataset["key"];
    if (key === undefined || key === this.active) return;
    this.active = key;
    this.host.changed();
  };

  readonly key = (event: KeyboardEvent): void => {
    const model = this.host.model();
    if (!model || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") this.open(this.active);
    else if (event.key === "+" || event.key === "=") this.stage.zoom(1.25);
    else if (event.key === "-") this.stage.zoom(0.8);
    else if (event.key === "0") this.stage.fitAll();
    else if (event.key.startsWith("Arrow") || event.key === "Home") {
      const next = neighbourOf(model, this.active, event.key);
      if (next !== null) {
        this.active = next;
        this.#focusSoon = true;
        this.stage.reveal(next);
        this.host.changed();
      }
    } else return;
    event.preventDefault();
  };
}

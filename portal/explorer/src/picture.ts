import { LitElement, css, html, type CSSResultGroup, type TemplateResult } from "lit";
import type { KgExpandDetail, KgSelectDetail, KgTimeChangeDetail, KgViewChangeDetail } from "@element/events.js";
import type { Context } from "./context.js";
import { instantOf } from "./context.js";
import type { Route } from "./route.js";
import { Seen } from "./seen.js";
import { base } from "./styles.js";

let element: Promise<unknown> | null = null;

/** The element is a file of its own: the words of a page are there before it is, and pages without a picture do not wait for it. */
export const readElement = (): Promise<unknown> => (element ??= import("@element/index.js"));

/** The picture, moved by the address, and moving it. */
export class ExplorerPicture extends LitElement {
  static override properties = { context: { attribute: false } };
  static override styles: CSSResultGroup = [
    base,
    css`
      :host { min-block-size: 30rem; }
      knowledge-graph { border-radius: 10px; }
      knowledge-graph:not(:defined) { display: block; block-size: 30rem; background: var(--surface); border: 1px solid var(--line); }
      knowledge-graph::part(title) { display: none; }
      @media (max-width: 40rem) { knowledge-graph { --kg-stage-height: 20rem; } }
    `,
  ];
  declare context: Context;
  #failed = false;
  /** What landed while nobody looked is read again. */
  readonly #seen = new Seen(this, (seen) => {
    if (seen) void this.updateComplete.then(() => this.renderRoot.querySelector("knowledge-graph")?.reload());
  });

  constructor() {
    super();
    readElement().catch(() => {
      this.#failed = true;
      this.requestUpdate();
    });
  }

  readonly #time = (event: CustomEvent<KgTimeChangeDetail>): void => {
    const { validAt, knownAt, compareTo, asKnownThen, moving } = event.detail;
    if (moving) return;
    const { route } = this.context;
    // An impact is of one instant: what it is compared with is not the element's to say there.
    const compare = route.tab === "impact" ? route.compare : (compareTo ?? "");
    this.context.go({ valid: validAt ?? "", known: knownAt ?? "", compare, then: asKnownThen ? "1" : "" }, true);
  };

  readonly #expand = (event: CustomEvent<KgExpandDetail>): void => {
    const { key } = event.detail;
    if (key) this.context.go({ entity: key });
  };

  readonly #select = (event: CustomEvent<KgSelectDetail>): void => this.context.go({ selected: event.detail.id ?? "" }, true);

  readonly #view = (event: CustomEvent<KgViewChangeDetail>): void => {
    const { view, direction, depth, span, impact, hide, unfolded } = event.detail;
    const patch = { direction, depth: String(depth) as Route["depth"], span: span as Route["span"], impact, hide: hide ?? "", unfolded: unfolded ?? "" };
    if (view === "impact") this.context.go({ ...patch, tab: "impact" });
    else this.context.go({ ...patch, view, tab: this.context.route.tab === "impact" ? "overview" : this.context.route.tab });
  };

  protected override render(): TemplateResult {
    const { route, access, lang, words, round } = this.context;
    if (this.#failed) return html`<p class="note bad" role="alert">${words.trouble["unreachable"]?.[0]}</p>`;
    // What is no instant is left out here: the form above says so.
    const time = (text: string): string | null => (instantOf(text) === null ? null : text);
    return html`<knowledge-graph .endpoint=${access.endpoint} .headers=${this.#headers(round)} .entity=${route.entity} .validAt=${time(route.valid)} .knownAt=${time(route.known)}
      .compareTo=${route.tab === "impact" ? null : time(route.compare)} .asKnownThen=${route.then === "1" && route.known === ""} .direction=${route.direction} .depth=${Number(route.depth)} .kinds=${route.kinds || null} .types=${route.types || null}
      .span=${route.span} .view=${route.tab === "impact" ? "impact" : route.view} .impact=${route.impact} .hide=${route.hide || null} .unfolded=${route.unfolded || null} .selected=${route.selected || null} .lang=${lang} ?live=${this.#seen.now}
      @kg-time-change=${this.#time} @kg-select=${this.#select} @kg-expand=${this.#expand} @kg-view-change=${this.#view} @kg-error=${(event: CustomEvent) => {
        if (event.detail.kind === "expired") this.context.troubled(event.detail);
      }}></knowledge-graph>`;
  }

  #kept: { round: number; headers: unknown } = { round: -1, headers: undefined };

  /** Another object only when there is another token: the element asks anew for each. */
  #headers(round: number): unknown {
    if (this.#kept.round !== round) this.#kept = { round, headers: this.context.access.headers };
    return this.#kept.headers;
  }
}
customElements.define("ex-picture", ExplorerPicture);

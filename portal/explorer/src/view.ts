import { LitElement, html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import type { Trouble } from "@element/client.js";
import type { Context } from "./context.js";
import { Resource, type Paged } from "./resource.js";
import { base } from "./styles.js";

/** A part of the page that reads something and shows it. */
export abstract class View extends LitElement {
  static override styles: CSSResultGroup = [base];
  static override properties = { context: { attribute: false } };
  declare context: Context;

  protected resource<Data>(done?: () => void): Resource<Data> {
    return new Resource<Data>(this, (trouble: Trouble) => this.context.troubled(trouble), done);
  }

  /** Ask for what is shown; called before each rendering. */
  protected abstract want(): void;
  protected abstract show(): TemplateResult;

  protected override willUpdate(_changed: PropertyValues<this>): void {
    if (this.context) this.want();
  }

  protected override render(): TemplateResult | typeof nothing {
    return this.context ? this.show() : nothing;
  }

  /** Everything that a resource can be, around what it looks like when it is there. */
  protected around<Data>(resource: Resource<Data>, look: (data: Data) => unknown, rows = 4): TemplateResult {
    const { words } = this.context;
    const { data, trouble } = resource;
    if (data === null && trouble) return this.failed(trouble, () => resource.retry());
    if (data === null) {
      return html`<div class="waiting" role="status"><span class="out">${words.loading}</span>${Array.from({ length: rows }, () => html`<span class="bone"></span>`)}
        ${resource.slow ? html`<p class="muted">${words.slow}</p>` : nothing}</div>`;
    }
    return html`${
      trouble
        ? html`<p class="note bad" role="alert"><span>${words.trouble[trouble.kind]?.[0] ?? words.trouble["failed"]?.[0]} ${words.stale}</span><button @click=${() => resource.retry()}>${words.retry}</button></p>`
        : nothing
    }<div class=${resource.loading ? "fading" : ""} aria-busy=${String(resource.loading)}>${look(data)}</div>`;
  }

  protected failed(trouble: Trouble, retry: () => void): TemplateResult {
    const { words } = this.context;
    const [title, hint] = words.trouble[trouble.kind] ?? words.trouble["failed"] ?? ["", ""];
    const more = trouble.kind === "failed" || trouble.kind === "refused" || trouble.kind === "time" || trouble.kind === "gone" ? trouble.message : "";
    return html`<div class="empty" role="alert"><span class="mark bad" aria-hidden="true">!</span><strong>${title}</strong><p>${hint}</p>
      ${more ? html`<p class="code">${more}</p>` : nothing}<button @click=${retry}>${words.retry}</button></div>`;
  }

  protected nothingHere(title: string, says: unknown = nothing, more: unknown = nothing): TemplateResult {
    return html`<div class="empty"><svg class="mark" viewBox="0 0 40 40" aria-hidden="true"><circle cx="14" cy="15" r="5"></circle><rect x="22" y="20" width="9" height="9" rx="2"></rect><path d="M18 18l5 4"></path></svg><strong>${title}</strong><p>${says}</p>${more}</div>`;
  }

  /** The button for what follows, and what is known of how much that is. */
  protected more<Item>(page: Paged<Item>, read: (after: string) => Promise<void>): TemplateResult {
    const { words } = this.context;
    const click = async (event: Event): Promise<void> => {
      const button = event.currentTarget as HTMLButtonElement;
      button.disabled = true;
      try {
        await read(page.next as string);
      } catch (error) {
        this.context.troubled(error as Trouble);
      } finally {
        button.disabled = false;
      }
    };
    return page.next === null
      ? html`<p class="tail muted">${words.allShown(page.items.length)}</p>`
      : html`<p class="tail"><button @click=${click}>${words.showMore}</button><span class="muted">${words.shownSoFar(page.items.length)}</span></p>`;
  }
}

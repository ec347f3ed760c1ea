import type { ReactiveController, ReactiveControllerHost } from "lit";

/** So long a page that nobody looks at goes on listening. */
const PATIENCE_MS = 60_000;

/**
 * Whether somebody looks at the page, or did a moment ago. A browser has few connections for one service: pages in the background must not
 * keep them all for what lands.
 */
export class Seen implements ReactiveController {
  now = true;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly changed: (seen: boolean) => void,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    document.addEventListener("visibilitychange", this.#look);
    this.#look();
  }

  hostDisconnected(): void {
    document.removeEventListener("visibilitychange", this.#look);
    clearTimeout(this.#timer);
  }

  readonly #look = (): void => {
    clearTimeout(this.#timer);
    if (document.hidden) this.#timer = setTimeout(() => this.#become(false), PATIENCE_MS);
    else this.#become(true);
  };

  #become(seen: boolean): void {
    if (this.now === seen) return;
    this.now = seen;
    this.host.requestUpdate();
    this.changed(seen);
  }
}

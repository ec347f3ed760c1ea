import type { ReactiveController, ReactiveControllerHost } from "lit";
import { Trouble } from "@element/client.js";

const SLOW_MS = 1_500;

/** Something that is read, in all the states in which that can be. */
export class Resource<Data> implements ReactiveController {
  /** What was read last; with `stale` it is of before. */
  data: Data | null = null;
  trouble: Trouble | null = null;
  loading = false;
  /** It takes so long that it should be said. */
  slow = false;
  #name: string | null = null;
  #aborting: AbortController | null = null;
  #run: ((signal: AbortSignal) => Promise<Data>) | null = null;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly troubled: (trouble: Trouble) => void,
    private readonly done: () => void = () => undefined,
  ) {
    host.addController(this);
  }

  hostDisconnected(): void {
    this.#aborting?.abort();
    this.#name = null;
  }

  /** There is something to show, and it is not the newest that was asked for. */
  get stale(): boolean {
    return this.data !== null && (this.loading || this.trouble !== null);
  }

  /** Read what has this name, unless that is what was read. `keep`: what was there before may be shown until then. */
  ask(name: string, keep: boolean, run: (signal: AbortSignal) => Promise<Data>): void {
    if (name === this.#name) return;
    this.#name = name;
    this.#run = run;
    if (!keep) this.data = null;
    void this.#go();
  }

  /** Nothing is wanted any more. */
  drop(): void {
    this.#aborting?.abort();
    this.#name = this.data = this.trouble = null;
    this.loading = this.slow = false;
  }

  retry(): void {
    if (this.#run) void this.#go();
  }

  /** Put something else in place of what was read: the next page behind the first, for one. */
  put(data: Data): void {
    this.data = data;
    this.host.requestUpdate();
  }

  async #go(): Promise<void> {
    this.#aborting?.abort();
    const aborting = (this.#aborting = new AbortController());
    this.loading = true;
    this.slow = false;
    this.trouble = null;
    const slow = setTimeout(() => {
      this.slow = true;
      this.host.requestUpdate();
    }, SLOW_MS);
    this.host.requestUpdate();
    try {
      const data = await (this.#run as (signal: AbortSignal) => Promise<Data>)(aborting.signal);
      if (aborting.signal.aborted) return;
      this.data = data;
    } catch (error) {
      if (aborting.signal.aborted) return;
      this.trouble = error instanceof Trouble ? error : new Trouble("failed", error instanceof Error ? error.message : String(error));
      this.troubled(this.trouble);
    } finally {
      clearTimeout(slow);
      if (!aborting.signal.aborted) {
        this.loading = this.slow = false;
        this.host.requestUpdate();
        if (!this.trouble) this.done();
      }
    }
  }
}

export interface Paged<Item> {
  readonly items: readonly Item[];
  /** Where the next page begins; null at the end. */
  readonly next: string | null;
}

interface Connection<Item> {
  readonly edges: ReadonlyArray<{ readonly node: Item }>;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** A page of a connection, behind what is there already. */
export function paged<Item>(connection: Connection<Item>, before: readonly Item[] = []): Paged<Item> {
  const { hasNextPage, endCursor } = connection.pageInfo;
  return { items: [...before, ...connection.edges.map((edge) => edge.node)], next: hasNextPage ? endCursor : null };
}

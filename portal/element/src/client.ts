import type { Operation } from "./generated.js";

/** What went wrong, as the element shows it. */
export type TroubleKind = "unreachable" | "slow" | "expired" | "forbidden" | "refused" | "time" | "gone" | "failed";

export class Trouble extends Error {
  constructor(
    readonly kind: TroubleKind,
    message: string,
    readonly extensions: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = "Trouble";
  }
}

export type Fetcher = (url: string, init: RequestInit) => Promise<Response>;

export interface Access {
  readonly endpoint: string;
  /** Read anew for each request, so that a token may be renewed. */
  readonly headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>) | undefined;
  readonly fetcher?: Fetcher | undefined;
}

export const TIMEOUT_MS = 30_000;
const RETRY_AFTER_MAX_S = 10;

const KINDS: Readonly<Record<string, TroubleKind>> = {
  UNAUTHENTICATED: "expired",
  FORBIDDEN: "forbidden",
  LIMIT_EXCEEDED: "refused",
  BAD_TIME: "time",
  GONE: "gone",
  STORE_UNAVAILABLE: "unreachable",
};

interface Told {
  readonly message?: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

function fromErrors(errors: readonly Told[]): Trouble {
  const first = errors[0];
  const code = String(first?.extensions?.["code"] ?? "");
  return new Trouble(KINDS[code] ?? "failed", first?.message ?? "", first?.extensions);
}

function fromStatus(status: number): Trouble | null {
  if (status === 401) return new Trouble("expired", "401");
  if (status === 403) return new Trouble("forbidden", "403");
  if (status === 429) return new Trouble("refused", "429");
  if (status >= 500) return new Trouble("unreachable", String(status));
  return null;
}

async function post(access: Access, body: unknown, accept: string, signal: AbortSignal): Promise<Response> {
  const given = typeof access.headers === "function" ? await access.headers() : access.headers;
  const headers = new Headers(given);
  headers.set("content-type", "application/json");
  headers.set("accept", accept);
  const go = access.fetcher ?? ((url: string, init: RequestInit) => fetch(url, init));
  return go(access.endpoint, { method: "POST", headers, body: JSON.stringify(body), signal, credentials: "same-origin" });
}

/**
 * Ask once.
 * @throws Trouble, or the AbortError of `signal`.
 */
export async function ask<Data, Variables>(
  access: Access,
  operation: Operation<Data, Variables>,
  variables: Variables,
  signal: AbortSignal,
  again = true,
): Promise<Data> {
  const late = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  let body: { data?: Data | null; errors?: readonly Told[] } | null;
  try {
    response = await post(access, { query: operation.text, variables }, "application/json", AbortSignal.any([signal, late]));
    body = (await response.json().catch((error: unknown) => {
      if (error instanceof SyntaxError) return null;
      throw error;
    })) as typeof body;
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted) throw new Trouble("slow", "");
    throw new Trouble("unreachable", error instanceof Error ? error.message : String(error));
  }
  // A host's own `fetcher` need not know of signals: an answer that nobody waits for any more must not come after a newer one.
  signal.throwIfAborted();
  // Too much at once is said with how long to wait: once that is done.
  const wait_s = Number(response.headers.get("retry-after") ?? NaN);
  if ((response.status === 429 || response.status === 503) && again && wait_s >= 0 && wait_s <= RETRY_AFTER_MAX_S) {
    await new Promise((done) => setTimeout(done, wait_s * 1000));
    signal.throwIfAborted();
    return ask(access, operation, variables, signal, false);
  }
  if (body?.errors?.length) throw fromErrors(body.errors);
  const bad = fromStatus(response.status);
  if (bad) throw bad;
  if (!response.ok || !body?.data) throw new Trouble("failed", `HTTP ${response.status}`);
  return body.data;
}

/** The parts of an event stream that matter, one event after the other; text may come in any pieces. */
export class EventLines {
  #rest = "";

  push(text: string): { event: string; data: string }[] {
    this.#rest += text.replaceAll("\r\n", "\n");
    const blocks = this.#rest.split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => {
      let event = "message";
      const data: string[] = [];
      for (const line of block.split("\n")) {
        if (line.startsWith("event:")) event = line.slice(6).trim();
        else if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
      }
      return data.length || event !== "message" ? [{ event, data: data.join("\n") }] : [];
    });
  }
}

/**
 * Follow a subscription over server-sent events: the same request as any other, so tokens and `fetcher` hold for it, too.
 * Returns when the server completes it. `opened` is called when it is being listened.
 */
export async function follow<Data, Variables>(
  access: Access,
  operation: Operation<Data, Variables>,
  variables: Variables,
  signal: AbortSignal,
  each: (data: Data) => void,
  opened: () => void,
): Promise<void> {
  let response: Response;
  try {
    response = await post(access, { query: operation.text, variables }, "text/event-stream", signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new Trouble("unreachable", error instanceof Error ? error.message : String(error));
  }
  const bad = fromStatus(response.status);
  if (bad) throw bad;
  if (!response.ok || !response.body) throw new Trouble("failed", `HTTP ${response.status}`);
  opened();
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const lines = new EventLines();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const { event, data } of lines.push(decoder.decode(value, { stream: true }))) {
        if (event === "complete") return;
        if (event !== "next") continue;
        const message = JSON.parse(data) as { data?: Data | null; errors?: readonly Told[] };
        if (message.errors?.length) throw fromErrors(message.errors);
        if (message.data) each(message.data);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Trouble) throw error;
    throw new Trouble("unreachable", error instanceof Error ? error.message : String(error));
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

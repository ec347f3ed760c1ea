// One <knowledge-graph> in a frame of somebody else's page. It hears the page around it and nobody else, and only from the origins that the
// service was told; a token that comes by a message is kept in memory, and goes nowhere but to the service that this page came from.
import { VERSION, fromAddress, isOurs, read, type Attributes, type ToHost } from "./protocol.js";

interface Graph extends HTMLElement {
  headers: Readonly<Record<string, string>>;
  endpoint: string;
}

const graph = document.querySelector("knowledge-graph") as Graph;
const origins = (document.querySelector<HTMLMetaElement>("meta[name=embed-origins]")?.content ?? "").split(/\s+/).filter(Boolean);
/** The page around this one, once it is known which it is. */
let host: string | null = null;

function tell(type: ToHost, detail: object, to = host): void {
  if (to !== null && window.parent !== window) window.parent.postMessage({ kg: VERSION, type, ...detail }, to);
}

function set(attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) graph.removeAttribute(name);
    else graph.setAttribute(name, value);
  }
}

const ready = (to: string | null): void => tell("ready", { version: VERSION, height: height() }, to);
const height = (): number => Math.ceil(document.documentElement.getBoundingClientRect().height);

window.addEventListener("message", (event: MessageEvent<unknown>) => {
  if (event.source !== window.parent || window.parent === window || !origins.includes(event.origin) || !isOurs(event.data)) return;
  host = event.origin;
  const message = read(event.data);
  if (typeof message === "string") tell("error", { kind: "protocol", message });
  else if (message.type === "hello") ready(host);
  else if (message.type === "token") graph.headers = message.token === null ? {} : { authorization: `Bearer ${message.token}` };
  else set(message.attributes);
});

const events = { "kg-select": "select", "kg-time-change": "time", "kg-expand": "expand", "kg-error": "error" } as const;
for (const [name, type] of Object.entries(events)) {
  graph.addEventListener(name, (event) => tell(type, (event as CustomEvent<object>).detail));
}

let told = 0;
new ResizeObserver(() => {
  const now = height();
  if (now !== told) tell("resize", { height: (told = now) });
}).observe(document.documentElement);

graph.endpoint = new URL("graphql", document.baseURI).href;
set(fromAddress(location.search));

/** Which page is around this one, as far as a browser says it before that page does. */
function around(): string[] {
  const said = location.ancestorOrigins?.[0] ?? (document.referrer ? new URL(document.referrer).origin : null);
  return said === null ? origins : origins.filter((origin) => origin === said);
}

// The element is defined before this runs: modules run in their order.
const likely = around();
if (likely.length === 1) host = likely[0] ?? null;
for (const origin of likely) ready(origin);

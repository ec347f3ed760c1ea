export { KnowledgeGraph } from "./element.js";
export type { KgSelectDetail, KgTimeChangeDetail, KgExpandDetail, KgViewChangeDetail, KgErrorDetail, KnowledgeGraphEventMap } from "./events.js";
export type { Fetcher, TroubleKind } from "./client.js";
export { addLanguage, type Words } from "./words/index.js";
export { en } from "./words/en.js";

import { KnowledgeGraph } from "./element.js";

// Two copies of the module on a page must not fail: the first one defines it.
if (!customElements.get("knowledge-graph")) customElements.define("knowledge-graph", KnowledgeGraph);

declare global {
  interface HTMLElementTagNameMap {
    "knowledge-graph": KnowledgeGraph;
  }
}

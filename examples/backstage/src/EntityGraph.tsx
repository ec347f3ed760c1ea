import { useEntity } from "@backstage/plugin-catalog-react";
import { KnowledgeGraph } from "./KnowledgeGraph.js";
import { KEY_ANNOTATION, keyOf } from "./key.js";

/** The graph around the entity of the page. */
export function EntityGraph({ view }: { readonly view?: "graph" | "impact" }): JSX.Element {
  const { entity } = useEntity();
  const key = keyOf(entity);
  if (key === undefined) return <p>This entity is not in the graph: it has no annotation {KEY_ANNOTATION}.</p>;
  return <KnowledgeGraph entity={key} view={view} />;
}

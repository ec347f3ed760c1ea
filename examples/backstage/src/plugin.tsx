import { createFrontendPlugin } from "@backstage/frontend-plugin-api";
import { EntityCardBlueprint, EntityContentBlueprint } from "@backstage/plugin-catalog-react/alpha";
import { keyOf } from "./key.js";

const inTheGraph = (entity: Parameters<typeof keyOf>[0]): boolean => keyOf(entity) !== undefined;

/** A card on the overview of an entity. */
const card = EntityCardBlueprint.make({
  name: "neighbourhood",
  params: {
    filter: inTheGraph,
    type: "content",
    loader: async () => {
      const { EntityGraph } = await import("./EntityGraph.js");
      return <EntityGraph />;
    },
  },
});

/** A tab: what depends on it, at any time. */
const impact = EntityContentBlueprint.make({
  name: "impact",
  params: {
    path: "/impact",
    title: "Impact",
    filter: inTheGraph,
    loader: async () => {
      const { EntityGraph } = await import("./EntityGraph.js");
      return <EntityGraph view="impact" />;
    },
  },
});

export default createFrontendPlugin({ pluginId: "graph-service", extensions: [card, impact] });

export { default } from "./plugin.js";
export { KnowledgeGraph, type KnowledgeGraphProps } from "./KnowledgeGraph.js";
export { KEY_ANNOTATION, keyOf } from "./key.js";

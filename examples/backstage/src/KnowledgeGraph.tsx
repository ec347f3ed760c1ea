import "@graph-service/knowledge-graph";
import type { KgErrorDetail, KgSelectDetail, KnowledgeGraph as GraphElement } from "@graph-service/knowledge-graph";
import { appThemeApiRef, discoveryApiRef, fetchApiRef, useApi } from "@backstage/frontend-plugin-api";
import { useEffect, useRef, useState } from "react";

export interface KnowledgeGraphProps {
  /** Key in the graph. */
  readonly entity: string;
  /** RFC 3339; now when left out. */
  readonly validAt?: string;
  readonly depth?: 1 | 2 | 3;
  readonly view?: "graph" | "table" | "impact";
  readonly onSelect?: (detail: KgSelectDetail) => void;
  readonly onError?: (detail: KgErrorDetail) => void;
}

/** Where Backstage's proxy passes on to the service; see app-config.yaml beside this plugin. */
const PROXIED = "/graph-service/graphql";

/** `light` or `dark`, as the app is now. */
function useVariant(): "light" | "dark" {
  const themes = useApi(appThemeApiRef);
  const [active, setActive] = useState(() => themes.getActiveThemeId());
  useEffect(() => {
    const subscription = themes.activeThemeId$().subscribe(setActive);
    return () => subscription.unsubscribe();
  }, [themes]);
  const all = themes.getInstalledThemes();
  return (all.find((one) => one.id === active) ?? all[0])?.variant ?? "light";
}

/** `<knowledge-graph>` that asks through Backstage: its `fetch` adds who is signed in, its proxy the key of the service. */
export function KnowledgeGraph({ entity, validAt, depth = 1, view = "graph", onSelect, onError }: KnowledgeGraphProps): JSX.Element {
  const discovery = useApi(discoveryApiRef);
  const { fetch } = useApi(fetchApiRef);
  const theme = useVariant();
  const ref = useRef<GraphElement>(null);

  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    element.fetcher = async (_, init) => fetch(`${await discovery.getBaseUrl("proxy")}${PROXIED}`, init);
    element.endpoint = PROXIED;
  }, [discovery, fetch]);

  // Properties, not attributes: React 17 and 18 know no others of a custom element.
  useEffect(() => {
    if (ref.current) Object.assign(ref.current, { entity, validAt: validAt ?? null, depth, view, theme });
  }, [entity, validAt, depth, view, theme]);

  useEffect(() => {
    const element = ref.current;
    const selected = (event: Event): void => onSelect?.((event as CustomEvent<KgSelectDetail>).detail);
    const failed = (event: Event): void => onError?.((event as CustomEvent<KgErrorDetail>).detail);
    element?.addEventListener("kg-select", selected);
    element?.addEventListener("kg-error", failed);
    return () => {
      element?.removeEventListener("kg-select", selected);
      element?.removeEventListener("kg-error", failed);
    };
  }, [onSelect, onError]);

  return <knowledge-graph ref={ref} />;
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "knowledge-graph": React.DetailedHTMLProps<React.HTMLAttributes<GraphElement>, GraphElement>;
    }
  }
}

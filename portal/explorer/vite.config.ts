import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// The page is /explorer, and its files are below /explorer/: addresses in it are relative to the one, those in files to the other.
// So it works below any path. No source maps: the wheel carries only what is run.
export default defineConfig({
  base: "./",
  resolve: { alias: { "@element": here("../element/src") }, dedupe: ["lit", "lit-html", "lit-element", "@lit/reactive-element"] },
  experimental: {
    renderBuiltUrl: (name, { hostType }) => (hostType === "html" ? `explorer/${name}` : { relative: true }),
  },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
  },
});

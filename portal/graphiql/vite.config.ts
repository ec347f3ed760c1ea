import { defineConfig } from "vite";

// Relative addresses: the page is served below any path. No source maps: the wheel carries only what is run.
export default defineConfig({
  base: "./",
  esbuild: { jsx: "automatic" },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    // Nothing of ours inside other files: the page's policy is strict.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
  },
});

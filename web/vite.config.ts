export default {
  base: "/",
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
  // While working on the page: `npx vite` with a `parley serve` beside it.
  server: { proxy: { "/v1": { target: "http://127.0.0.1:8080", ws: true }, "/readyz": "http://127.0.0.1:8080" } },
};

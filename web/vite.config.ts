import { readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";

import { type Plugin, defaultClientConditions, defineConfig } from "vite";

const here = import.meta.dirname;

/** `texts/<language>.json`, one for each directory under `src/texts`: what the server puts into its pages. */
function texts(): Plugin {
  const root = resolve(here, "src/texts");
  return {
    name: "durward-texts",
    generateBundle() {
      const languages = readdirSync(root).sort();
      const read = (language: string) => {
        const areas = readdirSync(resolve(root, language)).sort();
        return Object.fromEntries(
          areas.map((file) => {
            const text = readFileSync(resolve(root, language, file), "utf8");
            return [file.replace(/\.json$/, ""), JSON.parse(text) as Record<string, string>];
          }),
        );
      };
      const english = read("en");
      for (const language of languages) {
        const catalogue = read(language);
        for (const area of new Set([...Object.keys(english), ...Object.keys(catalogue)])) {
          const wanted = Object.keys(english[area] ?? {});
          const there = Object.keys(catalogue[area] ?? {});
          const differ = [...wanted.filter((k) => !there.includes(k)), ...there.filter((k) => !wanted.includes(k))];
          if (differ.length > 0) this.error(`texts/${language}/${area}.json differs from en: ${differ.join(", ")}`);
        }
        const source = `${JSON.stringify(catalogue, null, 1)}\n`;
        this.emitFile({ type: "asset", fileName: `texts/${language}.json`, source });
      }
    },
  };
}

export default defineConfig({
  root: here,
  // Where the server serves them.
  base: "/ui/",
  publicDir: resolve(here, "public"),
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // The client as it is in this repository, without a build in between.
  resolve: { conditions: ["durward-source", ...defaultClientConditions] },
  plugins: [texts()],
  build: {
    outDir: resolve(here, "../crates/http/pages"),
    // `npm run draft` leaves older files in place, so that pages that are open go on.
    emptyOutDir: false,
    target: "es2022",
    manifest: "manifest.json",
    license: { fileName: "licenses.md" },
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    rolldownOptions: {
      input: {
        "sign-in": resolve(here, "src/entries/sign-in.tsx"),
        account: resolve(here, "src/entries/account.tsx"),
        chat: resolve(here, "src/entries/chat.tsx"),
        console: resolve(here, "src/entries/console.tsx"),
        "service-worker": resolve(here, "src/worker/service-worker.ts"),
      },
      output: {
        // The service worker is found by its name.
        entryFileNames: (chunk) => (chunk.name === "service-worker" ? "service-worker.js" : "[name]-[hash].js"),
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
});

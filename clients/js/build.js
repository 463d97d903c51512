// Makes dist/: what is published, as modules with their types. The workspace itself uses src/ (condition `durward-source`).
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const dist = join(here, "dist");
rmSync(dist, { recursive: true, force: true });
execFileSync("tsc", ["--project", join(here, "tsconfig.build.json")], { stdio: "inherit" });
copyFileSync(join(here, "src/schema.d.ts"), join(dist, "schema.d.ts"));

// The compiler leaves the names of sources in declarations; not every program that reads them may import `.ts`.
for (const file of readdirSync(dist, { recursive: true })) {
  if (!file.endsWith(".d.ts") || file === "schema.d.ts") continue;
  const path = join(dist, file);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace(/(from|import\()( ?)"(\.[^"]*?)(\.d)?\.ts"/g, '$1$2"$3.js"'));
}

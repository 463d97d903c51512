import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

const CLIENT = resolve(import.meta.dirname, "../../../clients/js");

/** Where the client lies as it is published. */
export const DIST = join(CLIENT, "dist");

function newest(directory: string): number {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" });
  return Math.max(...files.map((file) => statSync(join(directory, file)).mtimeMs));
}

/** Before all tests: the client as it is published, which the tests of it and of the examples use. */
export default function build(): void {
  if (existsSync(DIST) && newest(DIST) > newest(join(CLIENT, "src"))) return;
  execFileSync("npm", ["run", "build"], { cwd: CLIENT, stdio: ["ignore", "ignore", "inherit"] });
}

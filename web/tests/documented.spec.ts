import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { expect, signIn, test } from "./kit/index.ts";

interface Document {
  paths: Record<string, Record<string, unknown>>;
}

const document = JSON.parse(readFileSync(resolve(import.meta.dirname, "../../docs/openapi.json"), "utf8")) as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) => {
  const pattern = new RegExp(`^${path.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]+")}$`);
  return Object.keys(methods).map((method) => ({ name: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), pattern }));
});

const ACCOUNT = ["", "/profile", "/settings", "/password", "/email", "/security", "/sessions", "/devices", "/activity", "/data"];
const CONSOLE = ["overview", "feed", "places", "users", "audit", "attempts", "sessions", "alerts", "checks", "breakers", "keys", "config"];
const VISITOR = ["/login", "/register", "/forgot-password", "/reset-password", "/verify-email", "/confirm-email"];

test("whatever the pages ask for stands in the OpenAPI document", async ({ page, server }) => {
  const asked = new Set<string>();
  const undocumented = new Set<string>();
  page.context().on("request", (request) => {
    const path = new URL(request.url()).pathname;
    const found = operations.find(({ method, pattern }) => method === request.method() && pattern.test(path));
    if (found) asked.add(found.name);
    else undocumented.add(`${request.method()} ${path}`);
  });
  for (const path of VISITOR) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  }
  await signIn(page, server.admin);
  for (const path of [...ACCOUNT.map((section) => `/account${section}`), ...CONSOLE.map((section) => `/console/${section}`)]) {
    await page.goto(path, { waitUntil: "networkidle" });
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  }
  await page.goto("/chat");
  await page.getByRole("textbox").fill("are you there?");
  await page.keyboard.press("Enter");
  await expect(page.getByText("are you there?").last()).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/login/);

  expect([...undocumented]).toEqual([]);
  // The pages and their files, and an endpoint for each kind of thing that they show.
  expect(asked.size, [...asked].join("\n")).toBeGreaterThan(40);
});

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { expect, register, signIn, test } from "../kit/index.ts";
import { DIST } from "../kit/client.ts";
import { serveClient } from "./harness.ts";

test("what is published can be loaded in Node, where a session is refused and nothing crashes", async ({ server }) => {
  const { Http } = (await import(pathToFileURL(join(DIST, "index.js")).href)) as typeof import("@durward/client");
  const http = new Http({ baseUrl: server.url });
  expect((await http.get("/api/v1/auth/status")).authenticated).toBe(false);
  const refused = await http.get("/api/v1/settings").catch((problem: { code: string }) => problem);
  expect(refused["code"]).toBe("token_missing");
});

test("the example of the README does what it says", async ({ page, context, server }) => {
  // To the browser a page of the test comes from nowhere, and needs leave to open a socket to this machine.
  await context.grantPermissions(["local-network-access"]);
  const readme = readFileSync(resolve(DIST, "../README.md"), "utf8");
  const code = /```js\n([\s\S]*?)```/.exec(readme)![1]!;
  const html = `<!doctype html><meta charset="utf-8"><title>readme</title><script type="importmap">
    {"imports": {"@durward/client": "/client/index.js"}}
    </script><ul></ul><script>
    function show(text) { const li = document.createElement("li"); li.textContent = text; document.querySelector("ul").append(li); }
    </script><script type="module">${code}</script>`;
  await serveClient(page, { "readme.html": html });
  const account = await register(server);
  await signIn(page, account);
  await page.goto("/client/readme.html");
  await expect(page.getByText("Good morning → Good morning")).toBeVisible();
  await expect(page.getByRole("listitem").first()).toHaveText(`Hello, ${account.email}`);
  expect(await (await page.request.get("/api/v1/settings")).json()).toMatchObject({ theme: "light" });
});

test("declarations name what is there", () => {
  const index = readFileSync(join(DIST, "index.d.ts"), "utf8");
  const named = [...index.matchAll(/from "(\.[^"]+)\.js"/g)].map((match) => match[1]!);
  expect(named.length).toBeGreaterThan(4);
  for (const name of named) expect(readFileSync(join(DIST, `${name}.d.ts`), "utf8")).not.toContain('.ts"');
});

import { call, expect, register, signIn, test } from "../kit/index.ts";
import { count, inPage, openClient } from "./harness.ts";

const REFRESH = "/api/v1/auth/refresh";

test("a CSRF token that does not hold is renewed once, and no more often", async ({ page, server }) => {
  await signIn(page, await register(server));
  await openClient(page);
  const puts = count(page, "/api/v1/settings");
  const tokens = count(page, "/api/v1/auth/csrf-token");
  await page.evaluate(() => (document.cookie = "csrf_token=1:2:3; Path=/"));
  const settings = await inPage(page, ({ http }) => http.put("/api/v1/settings", { body: { theme: "light" } }));
  expect(settings["theme"]).toBe("light");
  expect([puts(), tokens()]).toEqual([2, 1]);
  await inPage(page, ({ http }) => http.put("/api/v1/settings", { body: { theme: "dark" } }));
  expect([puts(), tokens()]).toEqual([3, 1]);
});

test("many calls at once renew the session once", async ({ page, context, server }) => {
  await signIn(page, await register(server));
  await openClient(page);
  const refreshes = count(page, REFRESH);
  await context.clearCookies({ name: "access_token" });
  const themes = await inPage(page, async ({ http }) => {
    const all = await Promise.all(Array.from({ length: 12 }, () => http.get("/api/v1/settings")));
    return all.map((settings) => settings["theme"]);
  });
  expect(themes).toEqual(Array.from({ length: 12 }, () => "dark"));
  expect(refreshes()).toBe(1);
});

test("two tabs renew the session once between them, and a third call with the token itself once more", async ({
  page,
  context,
  server,
}) => {
  await signIn(page, await register(server));
  await openClient(page);
  const other = await context.newPage();
  await openClient(other);
  const [here, there] = [count(page, REFRESH), count(other, REFRESH)];
  await context.clearCookies({ name: "access_token" });
  // Held back until both tabs have been told that their token is gone.
  let told = 0;
  let both = () => {};
  const bothTold = new Promise<void>((done) => (both = done));
  context.on("response", (response) => {
    if (response.status() === 401 && new URL(response.url()).pathname === "/api/v1/settings" && ++told === 2) both();
  });
  await context.route(`**${REFRESH}`, async (route) => {
    await bothTold;
    await route.continue();
  });
  const get = (tab: typeof page) => inPage(tab, async ({ http }) => (await http.get("/api/v1/settings"))["theme"]);
  expect(await Promise.all([get(page), get(other)])).toEqual(["dark", "dark"]);
  expect(here() + there()).toBe(1);

  // A socket needs the token itself, which the other tab cannot give.
  const tokens = await Promise.all([page, other].map((tab) => inPage(tab, ({ http }) => http.freshToken())));
  expect(new Set(tokens).size).toBe(2);
  for (const token of tokens) expect(token.split(".")).toHaveLength(3);
  expect(here() + there()).toBe(3);
  expect(await Promise.all([get(page), get(other)])).toEqual(["dark", "dark"]);
});

test("a refused renewal signs out", async ({ page, second, server }) => {
  const account = await register(server);
  await signIn(page, account);
  await openClient(page);
  await signIn(second, account);
  await call(second, "delete", "/api/v1/sessions");
  const refused = await inPage(page, async ({ http, signedOut }) => {
    const problem = await http.get("/api/v1/settings").catch((caught: { status: number; code: string }) => caught);
    return { status: problem["status"], code: problem["code"], signedOut };
  });
  expect(refused).toEqual({ status: 401, code: "token_revoked", signedOut: ["token_revoked"] });
});

test("a proxy's 503 and a network that is gone sign nobody out", async ({ browser, server }) => {
  // Not watched: the answers of 503 are this test's.
  const context = await browser.newContext({ baseURL: server.url });
  const page = await context.newPage();
  await signIn(page, await register(server));
  await openClient(page);
  await context.clearCookies({ name: "access_token" });
  const ask = () =>
    inPage(page, async ({ http, signedOut }) => {
      const caught = await http.get("/api/v1/settings").then(
        () => ({ status: 200, code: "" }),
        ({ status, code }: { status: number; code: string }) => ({ status, code }),
      );
      return { ...caught, signedOut: signedOut.length };
    });
  await page.route(`**${REFRESH}`, (route) => route.fulfill({ status: 503, body: "<h1>Bad day</h1>", contentType: "text/html" }));
  expect(await ask()).toEqual({ status: 503, code: "unexpected", signedOut: 0 });
  await page.unroute(`**${REFRESH}`);
  await page.route(`**${REFRESH}`, (route) => route.abort());
  expect(await ask()).toEqual({ status: 0, code: "network", signedOut: 0 });
  await page.unroute(`**${REFRESH}`);
  expect(await ask()).toEqual({ status: 200, code: "", signedOut: 0 });
  await page.route("**/api/v1/settings", (route) => route.fulfill({ body: "<h1>A captive portal</h1>", contentType: "text/html" }));
  expect(await ask()).toEqual({ status: 200, code: "unexpected", signedOut: 0 });
  await context.close();
});

test("without locks and without storage each tab is by itself, and works", async ({ page, context, server }) => {
  await context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, "locks", { value: undefined });
    Object.defineProperty(window, "localStorage", {
      get() {
        throw new DOMException("The operation is insecure.", "SecurityError");
      },
    });
  });
  await signIn(page, await register(server));
  await openClient(page);
  const refreshes = count(page, REFRESH);
  await context.clearCookies({ name: "access_token" });
  const theme = await inPage(page, async ({ http }) => (await http.get("/api/v1/settings"))["theme"]);
  expect(theme).toBe("dark");
  expect(refreshes()).toBe(1);
});

test("locks that refuse are as none", async ({ page, context, server }) => {
  await context.addInitScript(() => {
    navigator.locks.request = () => Promise.reject(new DOMException("not allowed here", "SecurityError"));
  });
  await signIn(page, await register(server));
  await openClient(page);
  await context.clearCookies({ name: "access_token" });
  expect(await inPage(page, async ({ http }) => (await http.get("/api/v1/settings"))["theme"])).toBe("dark");
});

import { call, expect, look, register, signIn, test } from "../kit/index.ts";
import { get, open } from "./kit.ts";

test("sessions: this one is marked, another one is ended, and it shows at once", async ({ page, second, server }) => {
  const ann = await register(server);
  await open(second, ann);
  await open(page, ann, "sessions");
  const rows = page.getByRole("table").getByRole("row");
  await expect(rows).toHaveCount(3);
  await expect(page.getByText("this session")).toHaveCount(1);
  await expect(rows.filter({ hasText: "this session" }).getByRole("button")).toHaveText("Sign out");
  await look(page, "account-two-sessions");

  await page.getByRole("button", { name: /^End the session on / }).click();
  await expect(rows).toHaveCount(2);
  await expect(page.locator("#announcements")).toHaveText("The session is ended.");
  expect(await get(second, "/api/v1/auth/status")).toEqual({ authenticated: false });
  await second.getByRole("link", { name: "Devices", exact: true }).click();
  await second.waitForURL((url) => url.pathname === "/login" && url.searchParams.get("reason") === "token_revoked");
});

test("all others are ended at once", async ({ page, second, server }) => {
  const ann = await register(server);
  for (let sessions = 0; sessions < 3; sessions += 1) await signIn(second, ann);
  await open(page, ann, "sessions");
  const rows = page.getByRole("table").getByRole("row");
  await expect(rows).toHaveCount(5);
  await page.getByRole("button", { name: "End all others" }).click();
  const dialog = page.getByRole("dialog", { name: "End all others" });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(rows).toHaveCount(5);
  await page.getByRole("button", { name: "End all others" }).click();
  await dialog.getByRole("button", { name: "End all others" }).click();
  await expect(rows).toHaveCount(2);
  await expect(page.getByRole("button", { name: "End all others" })).toHaveCount(0);
  expect(await get<{ items: unknown[] }>(page, "/api/v1/sessions")).toMatchObject({ items: [{ current: true }] });
});

test("a session that somebody else has ended meanwhile is said to be gone", async ({ page, second, server }) => {
  const ann = await register(server);
  await signIn(second, ann);
  await open(page, ann, "sessions");
  await expect(page.getByRole("table").getByRole("row")).toHaveCount(3);
  const { items } = await get<{ items: { id: string; current: boolean }[] }>(second, "/api/v1/sessions");
  expect(items).toHaveLength(2);
  await second.request.post("/api/v1/auth/logout");
  await page.getByRole("button", { name: /^End the session on / }).click();
  await expect(page.getByRole("alert")).toHaveText(/This does not exist any more\./);
  await page.getByRole("button", { name: "Refresh" }).click();
  await expect(page.getByRole("table").getByRole("row")).toHaveCount(2);
});

test("signing out here ends this one", async ({ page, server }) => {
  await open(page, await register(server), "sessions");
  await page.getByRole("table").getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL((url) => url.pathname === "/login");
  expect(await get(page, "/api/v1/auth/status")).toEqual({ authenticated: false });
  await page.goto("/account");
  await page.waitForURL((url) => url.pathname === "/login");
  await expect(page).toHaveURL(/return_to=%2Faccount/);
});

test("a page that comes back as it was left asks again who is signed in", async ({ page, server }) => {
  await open(page, await register(server), "sessions");
  await call(page, "post", "/api/v1/auth/logout");
  // What a browser does that has kept the page; this one is told not to keep pages.
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  await page.waitForURL((url) => url.pathname === "/login");
});

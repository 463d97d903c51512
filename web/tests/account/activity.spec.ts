import { call, expect, register, signIn, test } from "../kit/index.ts";
import { get, open, setUpTotp, visit } from "./kit.ts";

test("what happened is said in words, newest first", async ({ page, second, server }) => {
  const ann = await register(server);
  const wrong = await second.request.post("/api/v1/auth/login", { data: { email: ann.email, password: "wrong" } });
  expect(wrong.status()).toBe(401);
  await signIn(page, ann);
  await call(page, "put", "/api/v1/settings", { timezone: "Europe/Oslo" });
  await setUpTotp(page);
  await second.request.post("/api/v1/auth/login", { data: ann });
  await visit(page, "activity");
  const items = page.getByRole("main").getByRole("listitem");
  const entry = (title: string) => items.filter({ has: page.getByRole("heading", { name: title, exact: true }) });
  await expect(entry("Account opened")).toHaveCount(1);
  await expect(entry("Sign-in failed")).toContainText("Password · wrong password");
  await expect(entry("Sign-in failed")).toContainText("failed");
  await expect(entry("Sign-in failed")).toContainText("127.0.0.1");
  await expect(entry("Signed in")).toContainText("this session");
  await expect(entry("Settings changed")).toHaveCount(1);
  await expect(entry("Authenticator app set up")).toHaveCount(1);
  await expect(items.first().getByRole("heading")).toHaveText("Right password; the second factor was asked for");
});

test("a long list comes in pages", async ({ page, server }) => {
  await open(page, await register(server));
  for (let changes = 0; changes < 30; changes += 1) await call(page, "put", "/api/v1/settings", { timezone: `Etc/GMT+${changes % 12}` });
  await visit(page, "activity");
  const items = page.getByRole("main").getByRole("listitem");
  await expect(items).toHaveCount(25);
  await page.getByRole("button", { name: "Show more" }).click();
  const { items: all } = await get<{ items: unknown[] }>(page, "/api/v1/security/events?limit=100");
  expect(all.length).toBeGreaterThan(30);
  await expect(items).toHaveCount(all.length);
  await expect(page.getByRole("button", { name: "Show more" })).toHaveCount(0);
});

test("words of a newer server are readable all the same", async ({ page, server }) => {
  await signIn(page, await register(server));
  // No server of today says such words.
  await page.route("**/api/v1/security/events**", async (route) => {
    const answer = await route.fetch();
    const body = (await answer.json()) as { items: Record<string, unknown>[] };
    Object.assign(body.items[0]!, { event: "moon_phase_seen", method: "brain_wave", succeeded: false, reason: "too_sleepy" });
    await route.fulfill({ response: answer, json: body });
  });
  await visit(page, "activity");
  const first = page.getByRole("main").getByRole("listitem").first();
  await expect(first.getByRole("heading")).toHaveText("Moon phase seen");
  await expect(first).toContainText("Brain wave · Too sleepy");
});

import { readFileSync } from "node:fs";

import { type Page, expect, look, register, signIn, test } from "../kit/index.ts";
import { failLogin, idOf, login, openAsAdmin } from "./kit.ts";

// To look at a page on two screens and in two colours takes its time where many tests run.
test.setTimeout(120_000);

async function download(page: Page, name: string): Promise<{ file: string; text: string }> {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
  expect(await file.failure()).toBeNull();
  return { file: file.suggestedFilename(), text: readFileSync(await file.path(), "utf8") };
}

test("the trail is searched by the address, paged, and exported as it was searched", async ({ page, server }) => {
  const ann = await register(server, "trailed");
  for (let count = 0; count < 3; count += 1) await failLogin(server, ann.email);
  await signIn(page, server.admin);
  const id = await idOf(page, ann);
  await page.goto("/console/audit");
  await page.getByLabel("Event").selectOption("login_failed");
  await page.getByLabel("Done to (number)").pressSequentially(`x${id}`);
  await expect(page).toHaveURL(`/console/audit?event=login_failed&subject=${id}`);
  await expect(page.getByRole("row")).toHaveCount(4);
  const lines = (await download(page, "JSON lines")).text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const rows = lines.filter((line) => "event" in line);
  expect(rows.map(({ event }) => event)).toEqual(["login_failed", "login_failed", "login_failed"]);
  const cef = await download(page, "CEF");
  const cefLines = cef.text.trimEnd().split("\n");
  expect(cefLines).toHaveLength(3);
  for (const line of cefLines) expect(line).toMatch(new RegExp(`^CEF:0\\|.*\\|login_failed\\|.* duid=${id}( |$)`));
  expect(cef.file).toMatch(/\.cef$/);
  await page.reload();
  await expect(page.getByRole("row")).toHaveCount(4);
  await expect(page.getByLabel("Event")).toHaveValue("login_failed");
  await page.getByLabel("Until").fill("2020-01-01T00:00");
  await expect(page.getByText("No entry fits these filters.")).toBeVisible();
  await page.getByRole("button", { name: "Clear all filters" }).click();
  await expect(page.getByRole("row").nth(4)).toBeVisible();
  await look(page, "console-audit");
});

test("an entry shows every member", async ({ page, server }) => {
  const ann = await register(server, "entry");
  await signIn(page, server.admin);
  const id = await idOf(page, ann);
  await page.goto(`/console/audit?subject=${id}`);
  const answer = await page.request.get(`/api/v1/admin/audit?subject=${id}`);
  const [entry] = ((await answer.json()) as { items: Record<string, string>[] }).items;
  await page.getByRole("link", { name: "Registered" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Registered" })).toBeFocused();
  const main = page.getByRole("main");
  for (const member of ["id", "event", "hash", "request_id", "node", "ip"]) await expect(main).toContainText(entry![member]!);
  await expect(main).toContainText(`lane ${entry!.lane}, number ${entry!.seq}`);
  await expect(main.locator("pre")).toHaveText(JSON.stringify(entry!.detail, null, 2));
  await look(page, "console-entry");
  // The address of an entry alone is enough: its id says when it was made.
  await page.goto(`/console/audit/${entry!.id}`);
  await expect(main).toContainText(entry!.hash!);
  await page.goto("/console/audit/0190a000-0000-7000-8000-000000000000");
  await expect(page.getByRole("heading", { level: 1, name: "No such entry" })).toBeVisible();
});

test("attempts are searched", async ({ page, server }) => {
  const ann = await register(server, "tried");
  await failLogin(server, ann.email);
  await failLogin(server, "nobody-at-all@example.com");
  await login(server, ann);
  await openAsAdmin(page, server, "attempts");
  await page.getByRole("searchbox").fill("nobody-at-all@example.com");
  await expect(page.getByRole("row")).toHaveCount(2);
  await expect(page.getByRole("row").last()).toContainText("wrong address or password");
  await page.getByRole("searchbox").fill(ann.email);
  await expect(page.getByRole("row")).toHaveCount(3);
  await page.getByLabel("Result").selectOption("true");
  await expect(page.getByRole("row")).toHaveCount(2);
  await expect(page.getByRole("row").last()).toContainText("· allowed");
  await page.getByLabel("Reason").selectOption("invalid_credentials");
  await expect(page.getByText("No attempt fits these filters.")).toBeVisible();
  await page.getByRole("button", { name: "Clear all filters" }).click();
  await expect(page.getByRole("row").nth(3)).toBeVisible();
  await look(page, "console-attempts");
});

test("everybody's sessions are listed, and ended", async ({ page, second, server }) => {
  const ann = await register(server, "listed");
  await signIn(second, ann);
  await signIn(page, server.admin);
  await page.goto(`/console/sessions?user=${await idOf(page, ann)}`);
  await expect(page.getByRole("row")).toHaveCount(2);
  await look(page, "console-sessions");
  await page.getByRole("button", { name: `End this session of ${ann.email}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End" }).click();
  await expect(page.getByText(`The session of ${ann.email} has ended.`)).toBeVisible();
  await expect(page.getByText("Nobody is signed in.")).toBeVisible();
  expect((await second.request.get("/api/v1/profile")).status()).toBe(401);
  await page.goto("/console/sessions");
  await expect(page.getByRole("row").filter({ hasText: "this one is yours" })).toHaveCount(1);
});

test("new events come by themselves, are filtered, and wait while they are paused", async ({ page, server }) => {
  const ann = await register(server, "fed");
  await openAsAdmin(page, server, "feed");
  const lines = page.getByRole("list", { name: "Live events" }).getByRole("listitem");
  await expect(lines.first()).toBeVisible();
  const id = await idOf(page, ann);
  await login(server, ann);
  await expect(lines.first()).toContainText("Signed in", { timeout: 5_000 });
  await expect(lines.first()).toContainText(`User ${id}`);
  await expect(page.locator("#announcements")).toHaveText("1 new event", { timeout: 15_000 });

  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByText("Paused", { exact: true })).toBeVisible();
  const before = await lines.count();
  await failLogin(server, ann.email);
  const asked = page
    .waitForRequest((request) => request.url().includes("/api/v1/admin/audit"), { timeout: 4_500 })
    .catch(() => "nothing was asked");
  expect(await asked).toBe("nothing was asked");
  await expect(lines).toHaveCount(before);
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(lines.first()).toContainText("Sign-in failed", { timeout: 5_000 });

  await page.getByLabel("Event", { exact: true }).selectOption("registered");
  await expect(lines.first()).toContainText("Registered");
  await expect(lines.filter({ hasText: "Signed in" })).toHaveCount(0);
  const count = await lines.count();
  await login(server, ann);
  await register(server, "later");
  await expect(lines).toHaveCount(count + 1, { timeout: 6_000 });
  await page.getByRole("button", { name: "Clear all filters" }).click();
  await expect(lines.filter({ hasText: "Signed in" }).first()).toBeVisible();
  await look(page, "console-feed");
});

import { chmodSync } from "node:fs";
import { join } from "node:path";

import { type Page, expect, look, test } from "../kit/index.ts";
import { openAsAdmin } from "./kit.ts";

// To look at a page on two screens and in two colours takes its time where many tests run.
test.setTimeout(120_000);

const station = (page: Page, id: string) => page.locator(`[data-check=${id}]`);

// Nobody listens there: the discard port of a machine that has none.
test.use({ settings: { DURWARD_MAIL__URL: "smtp://127.0.0.1:9?tls=none", DURWARD_REGISTRATION__VERIFY_EMAIL: "false" } });

test("the Golden Path is drawn, station by station", async ({ page, server }) => {
  await openAsAdmin(page, server, "checks");
  const path = page.getByRole("list", { name: "Golden Path", exact: true });
  await expect(path).toBeVisible();
  const report = (await (await page.request.get("/api/v1/diagnostics")).json()) as { checks: { id: string; expected: string }[] };
  const stations = path.locator("> li");
  await expect(stations).toHaveCount(report.checks.length);
  for (const [at, { id, expected }] of report.checks.entries()) {
    await expect(stations.nth(at)).toHaveAttribute("data-check", id);
    await expect(stations.nth(at)).toContainText(expected);
  }
  await expect(station(page, "mail")).toContainText("worth a look");
  await expect(station(page, "mail")).toContainText("How to mend it");
  await expect(page.getByText("The path can be walked; something should be looked at.")).toBeVisible();
  for (const step of ["register", "sign in", "profile", "chat", "sign out"]) {
    await expect(
      station(page, "golden_path")
        .getByRole("listitem")
        .filter({ hasText: `${step}: good` }),
    ).toBeVisible();
  }
  await look(page, "console-checks");
});

test("it is walked again, and shows what is broken and how to mend it", async ({ page, server, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await openAsAdmin(page, server, "checks");
  const path = page.getByRole("list", { name: "Golden Path", exact: true });
  await expect(station(page, "golden_path")).toContainText("good");
  // Others may write to the data directory now.
  const data = join(server.directory, "data");
  chmodSync(data, 0o777);
  // The answer is held back until it was seen that it is waited for.
  let go = () => {};
  const seen = new Promise<void>((done) => (go = done));
  await page.route("**/api/v1/diagnostics", async (route) => {
    await seen;
    await route.continue();
  });
  await page.getByRole("button", { name: "Walk it again" }).click();
  await expect(page.getByRole("progressbar")).toBeVisible();
  await expect(page.getByText(/^Walking for [\d.]+ s; the last time it took [\d.]+ s\.$/)).toBeVisible();
  await expect(path).toHaveAttribute("aria-busy", "true");
  go();
  await expect(station(page, "data_dir")).toContainText("failing");
  await expect(page.getByText("The path is broken.").first()).toBeVisible();
  await expect(station(page, "data_dir")).toContainText("mode 777");
  await expect(station(page, "golden_path")).toContainText("not looked at");
  await expect(page.locator("#announcements")).toHaveText("The path is broken.");
  await look(page, "console-checks-broken");
  await station(page, "data_dir").getByRole("button", { name: "Copy the command" }).click();
  await expect(page.locator("#announcements")).toHaveText("Copied.");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("chmod 0700 ./data");

  chmodSync(data, 0o700);
  await page.getByRole("button", { name: "Walk it again" }).click();
  await expect(station(page, "data_dir")).toContainText("good");
  await expect(station(page, "golden_path")).toContainText("good");
});

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, look, register, test } from "../kit/index.ts";
import { cities } from "../kit/places.ts";
import { failLogin, login, openAsAdmin } from "./kit.ts";

// To look at a page on two screens and in two colours takes its time where many tests run.
test.setTimeout(120_000);

const database = join(mkdtempSync(join(tmpdir(), "durward-places-")), "places.mmdb");
writeFileSync(
  database,
  cities([
    { network: "198.51.100.0/24", country: "NO", city: "Oslo" },
    { network: "203.0.113.0/24", country: "JP", city: "Osaka" },
    { network: "192.0.2.0/24", country: "JP", city: "Kyoto" },
  ]),
);

test.use({ settings: { DURWARD_GEOIP__DATABASE: database, DURWARD_SERVER__TRUSTED_PROXIES: "127.0.0.1" } });

test("places are listed by country, with what succeeded and what failed", async ({ page, server }) => {
  const ann = await register(server, "placed");
  await login(server, ann, "198.51.100.7");
  await failLogin(server, ann.email, "203.0.113.5");
  await failLogin(server, ann.email, "203.0.113.6");
  await failLogin(server, ann.email, "192.0.2.9");
  await openAsAdmin(page, server, "places");
  const japan = page.getByRole("region", { name: "Japan" });
  await expect(japan.getByRole("listitem").filter({ hasText: "Osaka" })).toContainText("0 succeeded, 2 failed");
  await expect(japan.getByRole("listitem").filter({ hasText: "Kyoto" })).toContainText("0 succeeded, 1 failed");
  await expect(page.getByRole("region", { name: "Norway" })).toContainText("1 succeeded, 0 failed");
  // The administrator came from here, which is nowhere.
  await expect(page.getByRole("region", { name: "Unknown country" })).toBeVisible();
  await expect(page.getByRole("region").first()).toHaveAccessibleName("Japan");
  await look(page, "console-places");
  await page.getByLabel("Time").selectOption("7d");
  await expect(page).toHaveURL("/console/places?range=7d");
  await expect(japan).toBeVisible();
  // The place of an attempt is in the list of attempts, too.
  await page.goto("/console/attempts?ip=203.0.113.5");
  await expect(page.getByRole("row")).toHaveCount(2);
  await expect(page.getByRole("row").last()).toContainText("Osaka");
});

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, register, test } from "../kit/index.ts";
import { get, open } from "./kit.ts";

const schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    density: { enum: ["calm", "dense", 3], default: "calm", title: "How much is shown", description: "For lists and tables." },
    page_size: { type: "integer", minimum: 5, maximum: 100, default: 20 },
    volume: { type: "number", default: 0.5 },
    nickname: { type: ["string", "null"], default: null },
    greeting: { type: "string", default: "hello" },
  },
};
const file = join(mkdtempSync(join(tmpdir(), "durward-schema-")), "settings.json");
writeFileSync(file, JSON.stringify(schema));

test.use({ settings: { DURWARD_SETTINGS__SCHEMA: file } });

test("a schema of the operator's own: choices, numbers, and JSON for what is not known", async ({ page, server }) => {
  await open(page, await register(server), "settings");
  await expect(page.locator(".setting")).toHaveCount(5);
  const density = page.getByRole("combobox", { name: "How much is shown" });
  await expect(density).toHaveAccessibleDescription("For lists and tables.");
  await density.selectOption({ label: "3" });
  const size = page.getByRole("textbox", { name: "Page size" });
  const save = page.getByRole("button", { name: "Save" });
  for (const [text, why] of [
    ["many", "This is not a number."],
    ["7.5", "This has to be a whole number."],
    ["4", "This is 5 at least."],
    ["101", "This is 100 at most."],
  ] as const) {
    await size.fill(text);
    await save.click();
    await expect(size).toHaveAccessibleDescription(why);
  }
  await size.fill("50");
  await page.getByRole("textbox", { name: "Volume" }).fill("0.75");
  await expect(page.getByRole("textbox", { name: "Nickname" })).toHaveValue("null");
  await page.getByRole("textbox", { name: "Nickname" }).fill('"Annie"');
  await page.getByRole("textbox", { name: "Greeting" }).fill("ahoy");
  await save.click();
  await expect(page.getByText("Saved.").first()).toBeVisible();
  expect(await get(page, "/api/v1/settings")).toEqual({ density: 3, page_size: 50, volume: 0.75, nickname: "Annie", greeting: "ahoy" });
});

import { type Page, expect, register, test } from "../kit/index.ts";
import { card, get, open } from "./kit.ts";

const field = (page: Page, name: string) => page.getByRole("textbox", { name, exact: true });

test("all settings of the schema are there, in groups, and can be searched", async ({ page, server }) => {
  await open(page, await register(server), "settings");
  const schema = await get<{ properties: Record<string, unknown> }>(page, "/api/v1/settings/schema");
  const count = Object.keys(schema.properties).length;
  expect(count).toBeGreaterThan(30);
  await expect(page.getByText(`${count} settings`)).toBeVisible();
  await expect(page.locator(".setting")).toHaveCount(count);
  await expect(card(page, "Models").locator(".setting")).toHaveCount(
    Object.keys(schema.properties).filter((key) => key.endsWith("_model")).length,
  );
  await expect(field(page, "Personal assistant")).toHaveValue("mistral:7b");

  await page.getByLabel("Search the settings").fill("analyst");
  await expect(page.getByText("2 settings found")).toBeVisible();
  await expect(page.locator(".setting")).toHaveCount(2);
  await page.getByLabel("Search the settings").fill("chat_model");
  await expect(field(page, "Chat")).toBeVisible();
  await expect(page.getByText("1 setting found")).toBeVisible();
});

test("what has changed is saved, and nothing else", async ({ page, server }) => {
  await open(page, await register(server), "settings");
  const save = page.getByRole("button", { name: "Save" });
  await expect(save).toBeDisabled();
  await field(page, "Time zone").fill("Europe/Oslo");
  await page.getByRole("checkbox", { name: "Show notifications" }).uncheck();
  await field(page, "Chat").fill("mistral:7b");
  await field(page, "Chat").fill("llama3.2:3b");
  await field(page, "Weights of calendar events").fill('{"meeting": 0.5}');
  await expect(page.getByText("3 changes are not saved")).toBeVisible();
  const sent = page.waitForRequest((request) => request.method() === "PUT");
  await save.click();
  expect((await sent).postDataJSON()).toEqual({
    timezone: "Europe/Oslo",
    notifications_enabled: false,
    calendar_event_weights: { meeting: 0.5 },
  });
  await expect(page.getByText("Saved.").first()).toBeVisible();
  await expect(save).toBeDisabled();

  await page.reload();
  await expect(field(page, "Time zone")).toHaveValue("Europe/Oslo");
  await expect(page.getByRole("checkbox", { name: "Show notifications" })).not.toBeChecked();
  await page.getByRole("button", { name: "Use the default for Time zone" }).click();
  await expect(field(page, "Time zone")).toHaveValue("UTC");
  await field(page, "Chat").fill("something else");
  await page.getByRole("button", { name: "Discard" }).click();
  await expect(field(page, "Time zone")).toHaveValue("Europe/Oslo");
  await expect(field(page, "Chat")).toHaveValue("llama3.2:3b");
});

test("what is wrong stands at the setting, also where the server says so", async ({ page, server }) => {
  await open(page, await register(server), "settings");
  const weights = field(page, "Weights of calendar events");
  await weights.fill("{meeting");
  await page.getByLabel("Search the settings").fill("zone");
  await field(page, "Time zone").fill("");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(weights, "shown again, although nobody searched for it").toHaveAccessibleDescription(/This is not JSON/);
  await expect(weights).toBeFocused();
  await weights.fill("[1]");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(weights).toHaveAttribute("aria-invalid", "true");
  await expect(field(page, "Time zone")).toHaveAttribute("aria-invalid", "true");
  await expect(weights).toHaveValue("[1]");
});

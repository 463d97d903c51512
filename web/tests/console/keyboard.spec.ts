import { type Page, expect, register, signIn, test } from "../kit/index.ts";

/** Presses Tab until the focus is on what is looked for. */
async function tabTo(page: Page, role: "link" | "button" | "searchbox", name: string | RegExp): Promise<void> {
  const wanted = page.getByRole(role, { name }).first();
  await expect(wanted).toBeVisible();
  for (let presses = 0; presses < 60; presses += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${role} ${String(name)} cannot be reached by the keyboard`);
}

test("a user is found, suspended and activated by the keyboard alone", async ({ page, server }) => {
  const ann = await register(server, "keys");
  await signIn(page, server.admin);
  await page.goto("/console");
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
  await tabTo(page, "link", "Users");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Users" })).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await page.keyboard.type(ann.email);
  await expect(page.getByRole("row")).toHaveCount(2);
  await expect(page.getByRole("searchbox")).toBeFocused();
  await tabTo(page, "link", ann.email);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: ann.email })).toBeFocused();

  await tabTo(page, "button", "Suspend");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Suspend", exact: true })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(dialog.getByRole("button", { name: "Suspend" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByText(`${ann.email} is suspended.`, { exact: true })).toBeVisible();
  await expect(page.locator(".said")).toBeFocused();

  await tabTo(page, "button", "Activate");
  await page.keyboard.press("Space");
  await expect(dialog.getByRole("button", { name: "Activate" })).toBeFocused();
  await page.keyboard.press("Space");
  await expect(page.getByText(`${ann.email} is active again.`)).toBeVisible();
});

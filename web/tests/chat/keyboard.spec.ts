import { type Page, expect, register, signIn, test } from "../kit/index.ts";
import { answers, openChat, state } from "./kit.ts";

/** Goes on by Tab until this has the focus; fails when that takes too long. */
async function tabTo(page: Page, what: ReturnType<typeof page.locator>): Promise<void> {
  for (let count = 0; count < 40; count += 1) {
    if (await what.evaluate((element) => element === document.activeElement).catch(() => false)) return;
    await page.keyboard.press("Tab");
  }
  await expect(what).toBeFocused();
}

for (const [name, width, height] of [
  ["a wide screen", 1440, 900],
  ["a phone", 360, 740],
] as const) {
  test(`a conversation without a mouse on ${name}`, async ({ page, server }) => {
    await page.setViewportSize({ width, height });
    await signIn(page, await register(server));
    await openChat(page);
    await page.keyboard.press("Tab");
    await expect(page.getByRole("link", { name: "Skip to the content" })).toBeFocused();
    await page.keyboard.press("Enter");
    const field = page.getByRole("textbox", { name: "Message" });
    await tabTo(page, field);
    await page.keyboard.type("first line");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("second line");
    await page.keyboard.press("Enter");
    await expect(answers(page)).toHaveText(["first line\nsecond line"]);
    await expect(field).toBeFocused();
    await expect(field).toHaveValue("");

    // The log can be scrolled, so it can be reached.
    await page.keyboard.press("Shift+Tab");
    await expect(page.getByRole("log")).toBeFocused();

    if (width < 800) {
      await page.keyboard.press("Shift+Tab");
      await tabTo(page, page.getByRole("button", { name: "Conversations" }));
      await page.keyboard.press("Enter");
      await expect(page.getByRole("dialog", { name: "Conversations" })).toBeVisible();
    } else {
      for (let count = 0; count < 5; count += 1) await page.keyboard.press("Shift+Tab");
    }
    await tabTo(page, page.getByRole("button", { name: /^Delete “first line/ }));
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog", { name: "Delete this conversation?" })).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog", { name: "Delete this conversation?" })).toHaveCount(0);
    await expect(page.getByRole("button", { name: /^Delete “first line/ })).toBeFocused();
    await page.keyboard.press("Enter");
    await tabTo(page, page.getByRole("dialog").last().getByRole("button", { name: "Delete", exact: true }));
    await page.keyboard.press("Enter");
    await expect(answers(page)).toHaveCount(0);
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect(state(page)).toHaveText("Connected.");
  });
}

test("a choice in an input method is not the end of a message", async ({ page, server }) => {
  await signIn(page, await register(server));
  await openChat(page);
  const field = page.getByRole("textbox", { name: "Message" });
  await field.fill("こん");
  await field.dispatchEvent("keydown", { key: "Enter", isComposing: true, bubbles: true });
  await expect(field).toHaveValue("こん");
  await expect(page.locator(".bubble")).toHaveCount(0);
});

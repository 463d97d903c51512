import { expect, type Page } from "../kit/index.ts";

/** The line that says how the connection is. */
export function state(page: Page) {
  return page.locator(".chat-state");
}

/** The notice that says why it has ended for good. */
export function ended(page: Page) {
  return page.locator(".chat-ended");
}

/** The answers that are shown. */
export function answers(page: Page) {
  return page.locator(".bubble.theirs .bubble-text");
}

export async function openChat(page: Page): Promise<void> {
  await page.goto("/chat");
  await expect(state(page)).toHaveText("Connected.");
}

/** Writes a message and sends it by the keyboard. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.getByRole("textbox", { name: "Message" }).press("Enter");
}

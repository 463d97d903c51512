import { type Page, call, expect, look, register, signIn, test } from "../kit/index.ts";
import { ended, openChat, say, state } from "./kit.ts";

/** When the page says that it has ended, by the clock of this machine. */
async function whenEnded(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen = window as unknown as { ended?: number };
    new MutationObserver(() => {
      if (document.querySelector(".chat-ended")) seen.ended ??= Date.now();
    }).observe(document.body, { childList: true, subtree: true });
  });
}

test("a second browser ends the session of the first, whose chat says so within a second", async ({ page, second, server }) => {
  const account = await register(server);
  await signIn(page, account);
  await openChat(page);
  await page.getByRole("textbox", { name: "Message" }).fill("not finished yet");
  await signIn(second, account);
  await whenEnded(page);
  const begun = Date.now();
  await call(second, "delete", "/api/v1/sessions");
  await expect(ended(page)).toContainText("You were signed out: this session was ended elsewhere.");
  const took = (await page.evaluate(() => (window as unknown as { ended: number }).ended)) - begun;
  console.log(`the first browser's chat said so ${took} ms after the second browser began to ask for it`);
  expect(took).toBeLessThan(1_000);
  await look(page, "chat-ended-elsewhere");

  // What to do: sign in again, and be where one was, with what one had written.
  await page.getByRole("link", { name: "Sign in again" }).click();
  await expect(page).toHaveURL(/\/login\?return_to=%2Fchat&reason=token_revoked$/);
  await signIn(page, account);
  await page.goto("/chat");
  await expect(state(page)).toHaveText("Connected.");
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveValue("not finished yet");
});

test("a suspended account is told so, and that it is for an administrator", async ({ page, second, server }) => {
  await signIn(page, await register(server));
  await openChat(page);
  const { user } = (await (await page.request.get("/api/v1/auth/status")).json()) as { user: { id: number } };
  await signIn(second, server.admin);
  await call(second, "patch", `/api/v1/admin/users/${user.id}`, { status: "suspended" });
  await expect(ended(page)).toContainText("This account is suspended or closed.");
  await expect(ended(page)).toContainText("Only an administrator can change that.");
  await expect(page.getByRole("link", { name: "Sign in again" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Send" })).toBeDisabled();
  await look(page, "chat-suspended");
});

test("signing out in one tab ends the chat in the other", async ({ page, context, server }) => {
  await signIn(page, await register(server));
  await openChat(page);
  const other = await context.newPage();
  await other.goto("/chat");
  await other.getByRole("button", { name: "Sign out" }).click();
  await expect(other).toHaveURL(/\/login/);
  await expect(ended(page)).toContainText("You are no longer signed in in this browser.");
});

test("somebody else who signs in in this browser does not get the first one's messages", async ({ page, second, server }) => {
  const [ann, bob] = [await register(server, "ann"), await register(server, "bob")];
  await signIn(page, ann);
  await openChat(page);
  await signIn(second, ann);
  await signIn(page, bob);
  await call(second, "delete", "/api/v1/sessions");
  await expect(ended(page)).toContainText("Somebody else has signed in in this browser.");
  await page.getByRole("button", { name: "Load again" }).click();
  await expect(state(page)).toHaveText("Connected.");
  await expect(page.getByText(bob.email)).toBeVisible();
});

test("a changed role ends tokens and not the session: the chat goes on", async ({ page, second, server }) => {
  await signIn(page, await register(server));
  const opened: string[] = [];
  page.on("websocket", (socket) => opened.push(socket.url()));
  await openChat(page);
  const { user } = (await (await page.request.get("/api/v1/auth/status")).json()) as { user: { id: number } };
  await signIn(second, server.admin);
  await call(second, "patch", `/api/v1/admin/users/${user.id}`, { role: "admin" });
  await expect.poll(() => opened.length).toBe(2);
  await expect(state(page)).toHaveText("Connected.");
  expect(new Set(opened).size, "each connection has a ticket of its own").toBe(2);
  await say(page, "still here");
  await expect(page.locator(".bubble.theirs")).toHaveText(/still here/);
});

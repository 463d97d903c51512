import { call, expect, look, register, signIn, test } from "../kit/index.ts";
import { answers, openChat, say, state } from "./kit.ts";

test("what is said is answered piece by piece, is kept, and can be deleted", async ({ page, server }) => {
  test.slow();
  await signIn(page, await register(server));
  await openChat(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("New conversation");
  const frames: string[] = [];
  await look(page, "chat-empty");
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(String(payload))));
  await page.reload();
  await expect(state(page)).toHaveText("Connected.");

  await say(page, "one two three\n  four <b>five</b> **six**");
  await expect(answers(page).last()).toHaveText("one two three\n  four <b>five</b> **six**");
  const deltas = frames.map((frame) => JSON.parse(frame) as { type: string }).filter(({ type }) => type === "message.delta");
  expect(deltas.length).toBeGreaterThan(3);

  // The address names the conversation, and the list shows it.
  await expect(page).toHaveURL(/\/chat\/[0-9a-f-]{36}$/);
  const row = page.getByRole("link", { name: /one two three/ });
  await expect(row).toHaveAttribute("aria-current", "page");
  await expect(page.locator("#announcements")).toHaveText(/^Answer: one two three/);

  await say(page, "a second message");
  await expect(answers(page)).toHaveCount(2);
  await page.reload();
  await expect(answers(page)).toHaveText([/one two three/, "a second message"]);
  await expect(page.locator(".bubble.mine")).toHaveCount(2);
  await look(page, "chat-talk");

  await page.getByRole("button", { name: "New conversation" }).click();
  await expect(page).toHaveURL(/\/chat$/);
  await expect(answers(page)).toHaveCount(0);
  await say(page, "another conversation");
  await expect(answers(page)).toHaveText(["another conversation"]);
  await page.goBack();
  await expect(answers(page)).toHaveCount(2);

  await page.getByRole("button", { name: /^Delete “one two three/ }).click();
  await look(page, "chat-delete");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page).toHaveURL(/\/chat$/);
  await expect(page.getByRole("link", { name: /one two three/ })).toHaveCount(0);
  await expect(page.getByRole("link", { name: /another conversation/ })).toBeVisible();
  await expect(page.getByRole("button", { name: "New conversation" })).toBeFocused();
});

test("on a phone the list of conversations is a drawer", async ({ page, server }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await signIn(page, await register(server));
  await openChat(page);
  await say(page, "the first one, whose beginning is its title, however long that may be");
  await expect(answers(page)).toHaveCount(1);
  await expect(page.getByRole("navigation", { name: "Conversations" })).toHaveCount(0);
  await page.getByRole("button", { name: "Conversations" }).click();
  const drawer = page.getByRole("dialog", { name: "Conversations" });
  await look(page, "chat-drawer");
  await page.setViewportSize({ width: 360, height: 740 });
  await drawer.getByRole("button", { name: "New conversation" }).click();
  await expect(drawer).toHaveCount(0);
  await expect(page.getByRole("textbox", { name: "Message" })).toBeFocused();
  await say(page, "the second one");
  await expect(answers(page)).toHaveText(["the second one"]);
  await page.getByRole("button", { name: "Conversations" }).click();
  await drawer.getByRole("link", { name: /the first one/ }).click();
  await expect(drawer).toHaveCount(0);
  await expect(answers(page)).toHaveText([/the first one/]);
});

test("a conversation that does not exist says so", async ({ page, server }) => {
  await signIn(page, await register(server));
  await page.goto("/chat/01990a6e-0000-7000-8000-000000000000");
  await expect(page.getByRole("alert")).toContainText("does not exist any more");
});

test("nobody's chat is the sign-in page's business, which leads back", async ({ page }) => {
  await page.goto("/chat");
  await expect(page).toHaveURL(/\/login\?return_to=%2Fchat$/);
});

test("many conversations come page by page", async ({ page, server }) => {
  test.slow();
  await signIn(page, await register(server));
  await openChat(page);
  for (let count = 1; count <= 52; count += 1) {
    await page.evaluate(async (text) => {
      const ticket = await fetch("/api/v1/auth/csrf-token");
      const { csrf_token } = (await ticket.json()) as { csrf_token: string };
      await fetch("/api/v1/ws/ticket", { method: "POST", headers: { "X-CSRF-Token": csrf_token } });
      await new Promise<void>((done, failed) => {
        const socket = new WebSocket(`${location.origin.replace("http", "ws")}/api/v1/ws/chat`);
        socket.onmessage = ({ data }) => {
          const { type } = JSON.parse(data as string) as { type: string };
          if (type === "ready") socket.send(JSON.stringify({ type: "message", content: text }));
          if (type === "message.done") {
            socket.onclose = () => done();
            socket.close();
          }
        };
        socket.onerror = () => failed(new Error("no socket"));
      });
    }, `conversation number ${count}`);
  }
  await page.reload();
  const rows = page.locator(".chat-row");
  await expect(rows).toHaveCount(50);
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(rows).toHaveCount(52);
  await expect(rows.last()).toContainText("conversation number 1");
});

test("a message that is too long is not sent, and not lost", async ({ page, server }) => {
  test.slow();
  await signIn(page, await register(server));
  await openChat(page);
  const field = page.getByRole("textbox", { name: "Message" });
  await field.fill("ä".repeat(16_384));
  await expect(page.locator("#composer-count")).toHaveText("32,768 of 32,768 bytes");
  await expect(page.getByRole("button", { name: "Send" })).toBeEnabled();
  await field.fill(`${"ä".repeat(16_384)}b`);
  await expect(page.locator("#composer-count")).toHaveText("Too long: 32,769 of 32,768 bytes. Please shorten the message.");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByRole("button", { name: "Send" })).toBeDisabled();
  await field.press("Enter");
  await expect(page.locator(".bubble")).toHaveCount(0);
  await look(page, "chat-too-long");
  // Full of quotes it is longer on its way than the server takes.
  await field.fill('"'.repeat(32_768));
  await expect(page.getByRole("button", { name: "Send" })).toBeDisabled();
  await field.fill("ä".repeat(16_384));
  await field.press("Enter");
  await expect(answers(page)).toHaveText(["ä".repeat(16_384)]);
});

test("what is written stays over a reload, for the one who wrote it", async ({ page, server }) => {
  const [first, second] = [await register(server), await register(server)];
  await signIn(page, first);
  await openChat(page);
  await page.getByRole("textbox", { name: "Message" }).fill("half a thought");
  await page.reload();
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveValue("half a thought");
  await call(page, "post", "/api/v1/auth/logout");
  await signIn(page, second);
  await openChat(page);
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveValue("");
});

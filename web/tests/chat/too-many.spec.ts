import { expect, look, register, signIn, test } from "../kit/index.ts";
import { openChat, state } from "./kit.ts";

test.use({ settings: { DURWARD_WEBSOCKET__MAX_CONNECTIONS_PER_USER: "1" } });

test("too many connections are said to be that, and another try works once there is room", async ({ page, context, server }) => {
  await signIn(page, await register(server));
  await openChat(page);
  const other = await context.newPage();
  await other.goto("/chat");
  await expect(state(other)).toContainText("Too many chats are open with this account.");
  await look(other, "chat-too-many");
  await page.close();
  await other.getByRole("button", { name: "Try now" }).click();
  await expect(state(other)).toHaveText("Connected.");
});

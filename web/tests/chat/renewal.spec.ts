import { expect, look, register, signIn, test } from "../kit/index.ts";
import { answers, ended, openChat, say, state } from "./kit.ts";

test.use({ settings: { DURWARD_TOKENS__ACCESS_TTL: "8s", DURWARD_SESSION__ABSOLUTE_TIMEOUT: "40s" } });

test("the socket outlives its tokens by renewal in place, until the session itself has expired", async ({ page, server }) => {
  test.slow();
  await signIn(page, await register(server));
  const sockets: string[] = [];
  const heard: string[] = [];
  page.on("websocket", (socket) => {
    sockets.push(socket.url());
    socket.on("framereceived", ({ payload }) => heard.push((JSON.parse(String(payload)) as { type: string }).type));
  });
  await openChat(page);
  const renewals = () => heard.filter((type) => type === "auth.renewed").length;
  await expect.poll(renewals, { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
  expect(sockets.length, "it is still the first socket").toBe(1);
  await expect(state(page)).toHaveText("Connected.");
  await say(page, "after three tokens");
  await expect(answers(page)).toHaveText(["after three tokens"]);
  expect(sockets.length).toBe(1);

  await expect(ended(page)).toContainText("Your session has expired.", { timeout: 60_000 });
  await look(page, "chat-expired");
  await expect(page.getByRole("link", { name: "Sign in again" })).toBeVisible();
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { another, expect, look, register, signIn, test } from "../kit/index.ts";
import { freePort } from "../kit/port.ts";
import { Server } from "../kit/server.ts";
import { answers, openChat, say, state } from "./kit.ts";

test("a server that is restarted finds its chats again, each with a fresh ticket, and what was written meanwhile", async ({ browser }) => {
  test.slow();
  const directory = mkdtempSync(join(tmpdir(), "durward-restart-"));
  // Its tokens name the port, as part of their issuer.
  const port = await freePort();
  let server = await Server.start({ DURWARD_DATA_DIR: directory }, port);
  const { page, close } = await another(browser, server);
  await signIn(page, await register(server));
  const sockets: string[] = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await openChat(page);
  await say(page, "before");
  await expect(answers(page)).toHaveText(["before"]);

  await server.stop();
  await expect(state(page)).toContainText(/The (server is being restarted|connection is lost|server cannot)/);
  await expect(state(page)).toContainText(/Trying again in \d+ s\.|Connecting/);
  await say(page, "in between");
  await expect(page.getByText("Not sent yet: it goes out as soon as there is a connection.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Try now" })).toBeVisible();
  await look(page, "chat-waiting");

  server = await Server.start({ DURWARD_DATA_DIR: directory }, port);
  const tryNow = page.getByRole("button", { name: "Try now" });
  await expect(async () => {
    if (await tryNow.isVisible()) await tryNow.click({ timeout: 500 });
    await expect(state(page)).toHaveText("Connected.", { timeout: 1_000 });
  }).toPass({ timeout: 20_000 });
  await expect(answers(page)).toHaveText(["before", "in between"]);
  await expect(page.locator(".bubble.mine")).toHaveCount(2);
  expect(sockets.length).toBeGreaterThanOrEqual(2);
  expect(new Set(sockets.map((url) => new URL(url).searchParams.get("ticket"))).size).toBe(sockets.length);

  // It is kept once.
  await page.reload();
  await expect(answers(page)).toHaveText(["before", "in between"]);
  await close();
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

test("without a network the page says so, and goes on by itself when there is one", async ({ page, context, server }) => {
  await signIn(page, await register(server));
  await openChat(page);
  await context.setOffline(true);
  await expect(state(page)).toContainText("You are offline.", { timeout: 30_000 });
  await say(page, "written offline");
  await expect(page.getByText("Not sent yet")).toBeVisible();
  await look(page, "chat-offline");
  await expect(page.locator("#announcements")).toHaveText("You are offline.");
  await context.setOffline(false);
  await expect(state(page)).toHaveText("Connected.");
  await expect(answers(page)).toHaveText(["written offline"]);
});

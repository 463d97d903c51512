import { another, expect, look, register, signIn, test } from "../kit/index.ts";
import { freePort } from "../kit/port.ts";
import { Server } from "../kit/server.ts";
import { answers, openChat, say, state } from "./kit.ts";
import { Model } from "./model.ts";
import { Proxy } from "./proxy.ts";

test("a connection that breaks, and one that only goes silent, are noticed, and no message is lost or sent twice", async ({ browser }) => {
  test.slow();
  const [model, proxy, port] = [await Model.start(), await Proxy.start(), await freePort()];
  const url = `http://localhost:${proxy.port}`;
  const server = await Server.start(
    { DURWARD_SERVER__PUBLIC_URL: url, DURWARD_CHAT__ANSWERING: "ollama", DURWARD_CHAT__URL: model.url },
    port,
  );
  proxy.target = port;
  expect(server.url).toBe(url);
  const { page, close } = await another(browser, server);
  await signIn(page, await register(server));
  await openChat(page);
  const sent: string[] = [];
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(String(payload))));

  await say(page, "what is it?");
  await expect.poll(() => model.questions.at(-1)).toBe("what is it?");
  const asked = model.questions.length;
  model.say("It is ");
  await expect(answers(page)).toHaveText(["It is"]);
  proxy.cut();
  await expect(page.getByText("The connection ended before the answer did. Your message has been kept.")).toBeVisible();
  await look(page, "chat-broken-off");
  await expect(state(page)).toHaveText("Connected.", { timeout: 20_000 });
  expect(
    sent.filter((frame) => frame.includes('"message"')),
    "it is not sent again by itself",
  ).toEqual([]);
  await page.getByRole("button", { name: "Ask again" }).click();
  await expect.poll(() => model.questions.length).toBe(asked + 1);
  model.say("It is this.");
  model.finish();
  await expect(answers(page)).toHaveText(["It is this."]);

  // The network is dead, and nobody says so. The page asks when somebody comes back to it.
  proxy.silence();
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  const begun = Date.now();
  await expect(state(page)).not.toHaveText("Connected.", { timeout: 15_000 });
  console.log(`a dead connection was noticed after ${Date.now() - begun} ms`);
  // The first pause is short; the next try takes its time until it is given up.
  await expect(state(page)).toContainText("The server does not answer.", { timeout: 40_000 });
  await say(page, "and now?");
  await expect(page.getByText("Not sent yet")).toBeVisible();
  proxy.restore();
  await expect(async () => {
    const tryNow = page.getByRole("button", { name: "Try now" });
    if (await tryNow.isVisible()) await tryNow.click({ timeout: 500 });
    await expect(state(page)).toHaveText("Connected.", { timeout: 1_000 });
  }).toPass({ timeout: 40_000 });
  await expect.poll(() => model.questions.slice(asked + 1)).toEqual(["and now?"]);
  model.say("Now it is here.");
  model.finish();
  await expect(answers(page).last()).toHaveText("Now it is here.");

  await close();
  await server.stop();
  await proxy.stop();
  await model.stop();
});

import { expect, look, register, signIn, test as base } from "../kit/index.ts";
import { Server } from "../kit/server.ts";
import { answers, openChat, say, state } from "./kit.ts";
import { Model } from "./model.ts";

/** A server whose answers come from a model, piece by piece, when the test says so. */
const test = base.extend<object, { model: Model }>({
  model: [
    async ({}, use) => {
      const model = await Model.start();
      await use(model);
      await model.stop();
    },
    { scope: "worker" },
  ],
  server: [
    async ({ model }, use) => {
      const server = await Server.start({ DURWARD_CHAT__ANSWERING: "ollama", DURWARD_CHAT__URL: model.url });
      await use(server);
      await server.stop();
    },
    { scope: "worker", timeout: 90_000 },
  ],
});

test("an answer is seen while it comes, and read out once it is whole", async ({ page, server, model }) => {
  await signIn(page, await register(server));
  await openChat(page);
  await say(page, "how are you?");
  await expect.poll(() => model.questions.at(-1)).toBe("how are you?");
  await expect(page.getByText("Answering …")).toBeVisible();
  model.say("I am ");
  await expect(answers(page)).toHaveText(["I am"]);
  await expect(page.locator(".bubble.theirs")).toHaveAttribute("aria-busy", "true");
  model.say("a model");
  await expect(answers(page)).toHaveText(["I am a model"]);
  await expect(page.locator("#announcements")).not.toContainText("I am");
  await look(page, "chat-streaming");

  // The next one waits for its turn, and can be taken back.
  await say(page, "and you?");
  await expect(page.getByText("Waiting for the answer before.")).toBeVisible();
  await page.getByRole("button", { name: "Take back" }).click();
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveValue("and you?");
  await page.getByRole("textbox", { name: "Message" }).press("Enter");

  model.say(".");
  model.finish();
  await expect(page.locator("#announcements")).toHaveText("Answer: I am a model.");
  await expect(page.getByRole("log")).toHaveAttribute("aria-live", "off");
  await expect.poll(() => model.questions.at(-1)).toBe("and you?");
  model.say("Fine.");
  model.finish();
  await expect(answers(page)).toHaveText(["I am a model.", "Fine."]);
});

test("the log follows what comes, except where the reader has gone back", async ({ page, server, model }) => {
  await signIn(page, await register(server));
  await openChat(page);
  const log = page.getByRole("log");
  const distance = () => log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
  await say(page, "tell me everything");
  await expect.poll(() => model.questions.at(-1)).toBe("tell me everything");
  const lines = (from: number) => Array.from({ length: 40 }, (_, n) => `line ${from + n}\n`).join("");
  model.say(lines(0));
  await expect(answers(page)).toContainText("line 39");
  await expect.poll(distance).toBeLessThan(2);

  await log.hover();
  await page.mouse.wheel(0, -300);
  await expect.poll(distance).toBeGreaterThan(200);
  const before = await log.evaluate((element) => element.scrollTop);
  model.say(lines(40));
  await expect(answers(page)).toContainText("line 79");
  expect(await log.evaluate((element) => element.scrollTop)).toBe(before);
  await page.getByRole("button", { name: "To the latest message" }).click();
  await expect.poll(distance).toBeLessThan(2);
  await expect(page.getByRole("button", { name: "To the latest message" })).toHaveCount(0);
  model.say(lines(80));
  await expect(answers(page)).toContainText("line 119");
  await expect.poll(distance).toBeLessThan(2);
  model.finish();
});

test("an answer that breaks off says so, and can be asked for again", async ({ page, server, model }) => {
  await signIn(page, await register(server));
  await openChat(page);
  await say(page, "why?");
  await expect.poll(() => model.questions.at(-1)).toBe("why?");
  model.say("Because ");
  await expect(answers(page)).toHaveText(["Because"]);
  const asked = model.questions.length;
  model.break();
  await expect(page.getByText(/No answer could be had/)).toBeVisible();
  await look(page, "chat-failed");
  await expect(state(page)).toHaveText("Connected.");
  await page.getByRole("button", { name: "Ask again" }).click();
  await expect.poll(() => model.questions.length).toBe(asked + 1);
  model.say("Therefore.");
  model.finish();
  await expect(answers(page).last()).toHaveText("Therefore.");
});

test("notices come while nobody looks, when they are allowed and wanted", async ({ page, context, server, model }) => {
  await signIn(page, await register(server));
  await openChat(page);
  await expect(page.getByRole("button", { name: "Notify me of answers" })).toBeVisible();
  await context.grantPermissions(["notifications"], { origin: server.url });
  await page.getByRole("button", { name: "Notify me of answers" }).click();
  await expect(page.locator(".chat-status").getByText("Notifications are on")).toBeVisible();
  const shown = () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration("/chat");
      const notices = (await registration?.getNotifications()) ?? [];
      return notices.map(({ title, body, data }) => ({ title, body, url: (data as { url: string }).url }));
    });

  const ask = async (text: string) => {
    await say(page, text);
    await expect.poll(() => model.questions.at(-1)).toBe(text);
  };
  await ask("while I look");
  model.say("Seen.");
  model.finish();
  await expect(answers(page).last()).toHaveText("Seen.");
  expect(await shown()).toEqual([]);

  await ask("while I do not look");
  const hide = (hidden: boolean) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  // By our reading Chromium may forget a notice that is just being shown when it is asked which there are: so it is asked
  // when the page's own call is over.
  await page.evaluate(() => {
    const { prototype } = ServiceWorkerRegistration;
    const show = prototype.showNotification;
    prototype.showNotification = async function (...notice) {
      await show.apply(this, notice);
      document.body.dataset["shown"] = notice[0];
    };
  });
  await hide(true);
  model.say("Unseen.");
  model.finish();
  await expect(page.locator("body")).toHaveAttribute("data-shown", "durward: a new answer");
  expect(await shown()).toEqual([{ title: "durward: a new answer", body: "Unseen.", url: new URL(page.url()).pathname }]);

  // The account's setting counts as well.
  await hide(false);
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration("/chat");
    for (const notice of (await registration?.getNotifications()) ?? []) notice.close();
    const { csrf_token } = (await (await fetch("/api/v1/auth/csrf-token")).json()) as { csrf_token: string };
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf_token };
    await fetch("/api/v1/settings", { method: "PUT", headers, body: JSON.stringify({ notifications_enabled: false }) });
  });
  await hide(false);
  await expect(page.getByRole("link", { name: "Notifications are off in your settings" })).toBeVisible();
  await ask("unwanted");
  await hide(true);
  model.say("Unwanted.");
  model.finish();
  await expect(answers(page).last()).toHaveText("Unwanted.");
  expect(await shown()).toEqual([]);
});

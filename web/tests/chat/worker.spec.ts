import { type Page, expect, look, register, signIn, test } from "../kit/index.ts";
import { answers, openChat, say, state } from "./kit.ts";

/** Everything that the worker has kept, by path. */
async function kept(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const paths: string[] = [];
    for (const name of await caches.keys()) {
      for (const { url } of await (await caches.open(name)).keys()) paths.push(new URL(url).pathname);
    }
    return paths;
  });
}

test("the page is there without a network, says so, and goes on by itself", async ({ page, context, server }) => {
  await signIn(page, await register(server));
  await openChat(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await expect.poll(async () => (await kept(page)).includes("/chat")).toBe(true);
  await say(page, "something private");
  await expect(answers(page)).toHaveText(["something private"]);
  const address = page.url();

  await context.setOffline(true);
  await page.goto(address);
  await expect(page.getByRole("heading", { level: 1, name: "You are offline" })).toBeVisible();
  await expect(page.getByText("something private")).toHaveCount(0);
  const isDrawn = () =>
    page
      .getByRole("banner")
      .locator("img")
      .evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0);
  await expect.poll(isDrawn).toBe(true);
  await look(page, "chat-offline-page");
  await context.setOffline(false);
  await expect(state(page)).toHaveText("Connected.");
  await expect(page).toHaveURL(address);
  await expect(answers(page)).toHaveText(["something private"]);
});

test("nothing of the API and nobody's data is kept, and no other page is touched", async ({ page, context, server }) => {
  const account = await register(server);
  await signIn(page, account);
  await openChat(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await expect.poll(async () => (await kept(page)).includes("/chat")).toBe(true);
  await page.reload();
  await expect(state(page)).toHaveText("Connected.");
  await say(page, "a secret word");
  await expect(answers(page)).toHaveText(["a secret word"]);
  const paths = await kept(page);
  expect(paths.filter((path) => path !== "/chat" && !path.startsWith("/ui/"))).toEqual([]);
  const texts = await page.evaluate(async () => {
    const cache = await caches.open((await caches.keys())[0]!);
    return (await Promise.all((await cache.keys()).map(async (key) => (await cache.match(key))!.text()))).join();
  });
  expect(texts).not.toContain(account.email);
  expect(texts).not.toContain("a secret word");
  const scopes = await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope));
  expect(scopes).toEqual([`${server.url}/chat`]);
  await context.setOffline(true);
  await expect(page.goto("/account")).rejects.toThrow(/ERR_INTERNET_DISCONNECTED/);
});

test("what an older worker kept in another way is thrown away", async ({ page, server }) => {
  await signIn(page, await register(server));
  await page.goto("/login");
  const names = () => page.evaluate(() => caches.keys());
  await page.evaluate(async () => {
    await (await caches.open("durward-chat-0")).put("/chat", new Response("old"));
    await caches.open("somebody-else's");
  });
  expect(await names()).toContain("durward-chat-0");
  await openChat(page);
  await expect.poll(names).toEqual(expect.arrayContaining(["somebody-else's", "durward-chat-1"]));
  await expect.poll(names).not.toContain("durward-chat-0");
});

test("a notice that is opened leads to its conversation in the page that is there", async ({ page, context, server }) => {
  await context.grantPermissions(["notifications"], { origin: server.url });
  await signIn(page, await register(server));
  await openChat(page);
  await say(page, "the first conversation");
  await expect(answers(page)).toHaveText(["the first conversation"]);
  const url = new URL(page.url()).pathname;
  await page.getByRole("button", { name: "New conversation" }).click();
  await expect(answers(page)).toHaveCount(0);
  await expect(page.getByText("Notifications are on")).toBeVisible();
  await page.evaluate(() => navigator.serviceWorker.ready);
  const worker = context.serviceWorkers()[0]!;
  await worker.evaluate(async (url) => {
    const { registration, dispatchEvent, NotificationEvent } = self as unknown as {
      registration: ServiceWorkerRegistration;
      dispatchEvent: (event: Event) => void;
      NotificationEvent: new (type: string, init: { notification: Notification | undefined }) => Event;
    };
    await registration.showNotification("an answer", { data: { url } });
    const [notification] = await registration.getNotifications();
    dispatchEvent(new NotificationEvent("notificationclick", { notification }));
  }, url);
  await expect(page).toHaveURL(`${server.url}${url}`);
  await expect(answers(page)).toHaveText(["the first conversation"]);
});

test("the kept page follows the language, and lets go of what it no longer loads", async ({ page, server }) => {
  await signIn(page, await register(server));
  await openChat(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await expect.poll(async () => (await kept(page)).includes("/chat")).toBe(true);
  // What an older version of the page had loaded.
  await page.evaluate(async () => {
    const cache = await caches.open((await caches.keys())[0]!);
    await cache.put("/ui/chat-00000000.js", new Response("old"));
  });
  await page.getByRole("combobox", { name: "Language" }).selectOption("de");
  await expect(state(page)).toHaveText("Verbunden.");
  await expect.poll(async () => (await kept(page)).includes("/ui/chat-00000000.js")).toBe(false);
  const language = () => page.evaluate(async () => /<html lang="(\w+)"/.exec(await (await caches.match("/chat"))!.text())?.[1]);
  await expect.poll(language).toBe("de");
  await look(page, "chat-deutsch");
});

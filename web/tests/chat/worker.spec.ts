import { expect, look, register, signIn, test } from "../kit/index.ts";
import { answers, openChat, say, state } from "./kit.ts";

/** Everything that the worker has kept, by path. */
async function kept(page: import("../kit/index.ts").Page): Promise<string[]> {
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

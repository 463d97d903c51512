import { expect, test } from "../kit/index.ts";
import { form } from "./kit.ts";

/** What the sign-in page may weigh, with all that it loads, as it goes over the wire. */
const BUDGET = 60 * 1024;

test("the sign-in page weighs at most 60 KB", async ({ page }) => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  const names = new Map<string, string>();
  const weights: [string, number][] = [];
  devtools.on("Network.requestWillBeSent", ({ requestId, request }) => names.set(requestId, new URL(request.url).pathname));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) =>
    weights.push([names.get(requestId) ?? "?", encodedDataLength]),
  );
  await page.goto("/login");
  await expect(form(page).passkey).toBeVisible();
  await page.waitForLoadState("networkidle");
  const loaded = weights.map(([name]) => name);
  expect(loaded).toContain("/login");
  for (const kind of [/^\/ui\/.+\.css$/, /^\/ui\/.+\.js$/, /^\/ui\/icon\.svg$/])
    expect(
      loaded.some((name) => kind.test(name)),
      String(kind),
    ).toBe(true);
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  const list = weights.map(([name, weight]) => `${weight} ${name}`).join("\n");
  test.info().annotations.push({ type: "weight", description: `${total} bytes\n${list}` });
  console.log(`/login: ${total} bytes\n${list}`);
  expect(total, list).toBeLessThanOrEqual(BUDGET);
});

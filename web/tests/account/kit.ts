import { createHmac } from "node:crypto";

import { type Account, type Page, call, expect, signIn } from "../kit/index.ts";
import { App } from "../sign-in/kit.ts";

/** What access tokens are signed with where a test makes them older: `settings: { DURWARD_TOKENS__SECRET: SECRET }`. */
export const SECRET = "0f4b9c71d2e85a36b7c09d14e6f28a53c1b7e9d04f6a8325";

/** Signs in and opens a section. */
export async function open(page: Page, account: Account, section = ""): Promise<void> {
  await signIn(page, account);
  await visit(page, section);
}

/** Opens a section, and waits for what it loads. */
export async function visit(page: Page, section = ""): Promise<void> {
  await page.goto(section === "" ? "/account" : `/account/${section}`);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByRole("main").getByText("Loading …")).toHaveCount(0);
}

/** The part of a section with this heading. */
export function card(page: Page, name: string) {
  return page.getByRole("region", { name, exact: true });
}

/** Turns TOTP on for who is signed in, by the API. */
export async function setUpTotp(page: Page): Promise<App> {
  const { secret } = (await (await call(page, "post", "/api/v1/2fa/totp/setup")).json()) as { secret: string };
  const app = new App(secret);
  await call(page, "post", "/api/v1/2fa/totp/enable", { code: await app.code(-1) });
  return app;
}

/** Gets JSON as the page's user. */
export async function get<T>(page: Page, path: string): Promise<T> {
  const answer = await page.request.get(path);
  expect(answer.status(), await answer.text()).toBe(200);
  return (await answer.json()) as T;
}

/**
 * Lets the time of the page's last authentication be so many minutes ago, as it would be after a long day: the access token is
 * signed anew with the server's own secret.
 */
export async function age(page: Page, minutes: number): Promise<void> {
  const context = page.context();
  const cookie = (await context.cookies()).find(({ name }) => name === "access_token");
  expect(cookie, "an access token in a cookie").toBeDefined();
  const [header, payload, signature] = cookie!.value.split(".") as [string, string, string];
  const sign = (text: string) => createHmac("sha256", SECRET).update(text).digest("base64url");
  expect(sign(`${header}.${payload}`), "the server signs with the test's secret").toBe(signature);
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as { auth_time: number };
  claims.auth_time -= minutes * 60;
  const aged = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
  await context.addCookies([{ ...cookie!, value: `${aged}.${sign(aged)}` }]);
}

/** Goes on with the Tab key until this has the focus. */
export async function tabTo(page: Page, what: ReturnType<Page["getByRole"]>): Promise<void> {
  for (let presses = 0; presses < 80; presses += 1) {
    if (await what.evaluate((one) => one === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`not reached with the Tab key: ${what.toString()}`);
}

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { type Page, expect, register, signIn, test as base } from "../kit/index.ts";
import { expectSignedIn, form, withPassword } from "./kit.ts";

/** Another site of the same people. It listens before the server starts, which has to know its address. */
const site = createServer((_, answer) =>
  answer.setHeader("Content-Type", "text/html").end("<!doctype html><title>App</title><h1>App</h1>"),
);
await new Promise<void>((ready) => site.listen(0, "127.0.0.1", ready));
const ORIGIN = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;

const test = base;
test.use({ settings: { DURWARD_CORS__ALLOWED_ORIGINS: ORIGIN } });
test.afterAll(() => void site.close());

/** Where a click leads, without going there: the watch over the page lets no request to others pass. */
async function leadsTo(page: Page, act: () => Promise<void>): Promise<string> {
  const asked = page.waitForRequest((request) => request.isNavigationRequest() && !request.url().includes("/login"));
  await act();
  return (await asked).url();
}

test("signing in leads back to a page of this site", async ({ page, server }) => {
  const ann = await register(server);
  await withPassword(page, ann, "/login?return_to=/account/sessions%3Fa%3Db");
  await expectSignedIn(page, ann.email, "/account/sessions");
  expect(new URL(page.url()).search).toBe("?a=b");
});

test("what was asked for goes along to the registration and back", async ({ page }) => {
  await page.goto("/login?return_to=/account/sessions");
  await expect(form(page).passkey.or(form(page).submit).first()).toBeVisible();
  await page.getByRole("link", { name: "Create an account" }).click();
  await expect(page).toHaveURL(/\/register\?return_to=%2Faccount%2Fsessions/);
  await page.getByRole("link", { name: "I have an account already" }).click();
  await expect(page).toHaveURL(/\/login\?return_to=%2Faccount%2Fsessions/);
});

test("nobody is sent to a site that is not allowed", async ({ page, server }) => {
  const ann = await register(server);
  for (const to of ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", `${ORIGIN}.evil.example/`]) {
    await page.context().clearCookies();
    await withPassword(page, ann, `/login?return_to=${encodeURIComponent(to)}`);
    await expectSignedIn(page, ann.email);
    expect(new URL(page.url()).origin).toBe(server.url);
    // What the page still asks for would be refused without the cookies, and it would go to the sign-in by itself.
    await page.waitForLoadState("networkidle");
  }
});

test("signing in leads to an allowed origin, also who is signed in already", async ({ browser, server }) => {
  // A browser of its own: the watched one takes a request to another origin for a fault.
  const context = await browser.newContext({ baseURL: server.url });
  const page = await context.newPage();
  const ann = await register(server);
  const target = `${ORIGIN}/start?x=1`;
  await page.goto(`/login?return_to=${encodeURIComponent(target)}`);
  await form(page).email.fill(ann.email);
  await form(page).password.fill(ann.password);
  expect(await leadsTo(page, () => form(page).submit.click())).toBe(target);
  await expect(page.getByRole("heading", { name: "App" })).toBeVisible();
  await page.goto(`/login?return_to=${encodeURIComponent(target)}`);
  expect(await leadsTo(page, () => page.getByRole("link", { name: "Continue" }).click())).toBe(target);
  await context.close();
});

test("without JavaScript as well", async ({ browser, server }) => {
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled: false });
  const page = await context.newPage();
  const ann = await register(server);
  await page.goto(`/login?return_to=${encodeURIComponent(`${ORIGIN}/start`)}`);
  await page.getByLabel("E-mail address").fill(ann.email);
  await page.getByLabel("Password").fill(ann.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "App" })).toBeVisible();
  expect(page.url()).toBe(`${ORIGIN}/start`);
  await context.close();
});

test("a session is not needed to read a page that asks for one twice", async ({ page, server }) => {
  const ann = await register(server);
  await signIn(page, ann);
  await page.goto("/login?return_to=/account&return_to=https://evil.example/");
  await expect(page.getByRole("link", { name: "Continue" })).toHaveAttribute("href", "/account");
});

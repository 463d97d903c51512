import { type Authenticator, type Page, authenticator, expect, look, register, test } from "../kit/index.ts";
import { expectNobody, expectSignedIn, form, withPasskey } from "./kit.ts";

/** Opens the page with an authenticator that nobody touches for what the form's field offers, and everybody afterwards. */
async function openUntouched(page: Page, key: Authenticator): Promise<void> {
  await key.touched(false);
  // The browser was asked for a passkey, and waits.
  await page.addInitScript(() => {
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = (options) => {
      const answer = get(options);
      document.documentElement.setAttribute("data-asked", options?.mediation ?? "at once");
      return answer;
    };
  });
  await page.goto("/login");
  await expect(page.locator("html")).toHaveAttribute("data-asked", "conditional");
  // What is asked already does not notice.
  await key.touched(true);
}

test("a passkey signs in by the button", async ({ page, server }) => {
  const ann = await register(server);
  const key = await authenticator(page);
  await withPasskey(page, ann);
  await openUntouched(page, key);
  await expectNobody(page);
  await form(page).passkey.click();
  await expectSignedIn(page, ann.email);
});

test("a passkey signs in out of the field's suggestions", async ({ page, server }) => {
  const ann = await register(server);
  await authenticator(page);
  await withPasskey(page, ann);
  const begun = page.waitForRequest(/passkey\/login\/begin/);
  await page.goto("/login");
  await begun;
  await expectSignedIn(page, ann.email);
});

test("what the field offers is asked for anew before the server forgets it, and ends when a password is sent", async ({ page, server }) => {
  const ann = await register(server);
  const key = await authenticator(page);
  await key.touched(false);
  await page.clock.install();
  // Each question, and whether it was ended.
  await page.addInitScript(() => {
    const get = navigator.credentials.get.bind(navigator.credentials);
    const asked: AbortSignal[] = [];
    navigator.credentials.get = (options) => {
      asked.push(options!.signal!);
      return get(options);
    };
    Object.assign(window, { ended: () => asked.map((signal) => signal.aborted) });
  });
  const ended = () => page.evaluate(() => (window as unknown as { ended: () => boolean[] }).ended());
  await page.goto("/login");
  await expect.poll(ended).toEqual([false]);
  await page.clock.fastForward("04:30");
  await expect.poll(ended).toEqual([true, false]);
  await form(page).email.fill(ann.email);
  await form(page).password.fill("wrong");
  await form(page).submit.click();
  await expect(page.getByRole("alert")).toBeVisible();
  // It did not stand in the way of the password, and is there again.
  await expect.poll(ended).toEqual([true, true, false]);
  await form(page).password.fill(ann.password);
  await form(page).submit.click();
  await expectSignedIn(page, ann.email);
});

test("an authenticator without a passkey is no dead end", async ({ page, server }) => {
  const ann = await register(server);
  const key = await authenticator(page);
  await withPasskey(page, ann);
  await key.empty();
  await page.goto("/login");
  await form(page).email.fill(ann.email);
  await form(page).passkey.click();
  await expect(page.getByRole("alert")).toContainText("No passkey was used");
  await expect(form(page).email).toHaveValue(ann.email);
  await look(page, "login-no-passkey");
});

test("a passkey that the server does not know is refused in words", async ({ page, server }) => {
  const ann = await register(server);
  const key = await authenticator(page);
  await withPasskey(page, ann);
  await openUntouched(page, key);
  await page.route("**/api/v1/auth/passkey/login/finish", async (route) => {
    const body = route.request().postDataJSON() as { credential: { response: { signature: string } } };
    body.credential.response.signature = `AAAA${body.credential.response.signature.slice(4)}`;
    await route.continue({ postData: JSON.stringify(body) });
  });
  await form(page).passkey.click();
  await expect(page.getByRole("alert")).toHaveText("This passkey was not accepted.");
});

test("a passkey is the second step after a password", async ({ page, server }) => {
  const ann = await register(server);
  const key = await authenticator(page);
  await withPasskey(page, ann);
  await openUntouched(page, key);
  await key.touched(false);
  await form(page).email.fill(ann.email);
  await form(page).password.fill(ann.password);
  await form(page).submit.click();
  await expect(page.getByRole("heading", { name: "One more step" })).toBeVisible();
  const use = page.getByRole("button", { name: "Use a passkey" });
  await expect(use).toBeFocused();
  await look(page, "second-passkey");
  await key.touched(true);
  await page.keyboard.press("Enter");
  await expectSignedIn(page, ann.email);
});

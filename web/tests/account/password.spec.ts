import { PASSWORD, expect, register, signIn, test } from "../kit/index.ts";
import { get, open } from "./kit.ts";

const NEW = "wandering clouds above Turku";

test("the password is changed, and other sessions end", async ({ page, second, server }) => {
  const ann = await register(server);
  await signIn(second, ann);
  await open(page, ann, "password");
  const current = page.getByLabel("Current password");
  const wanted = page.getByLabel("New password");
  const change = page.getByRole("button", { name: "Change the password" });

  await change.click();
  await expect(current).toHaveAccessibleDescription("This has to be filled in.");
  await expect(current).toBeFocused();

  await current.fill("not this one");
  await wanted.fill(NEW);
  await change.click();
  await expect(current).toHaveAccessibleDescription("This is not your password.");
  await expect(current).toBeFocused();
  await expect(wanted).toHaveValue(NEW);

  await current.fill(PASSWORD);
  await wanted.fill("password1");
  await change.click();
  await expect(wanted).toHaveAccessibleDescription(/This password is too easy to guess\./);
  await expect(wanted).toBeFocused();
  await expect(current).toHaveValue(PASSWORD);

  await wanted.fill(NEW);
  await change.click();
  await expect(page.getByText("Your password is changed, and your other sessions have ended.").first()).toBeVisible();
  await expect(current).toHaveValue("");
  expect(await get(second, "/api/v1/auth/status")).toEqual({ authenticated: false });
  expect(await get(page, "/api/v1/auth/status")).toMatchObject({ authenticated: true });
  await signIn(second, { email: ann.email, password: NEW });
});

test("a new password is judged while it is typed", async ({ page, server }) => {
  await open(page, await register(server), "password");
  await page.getByLabel("New password").fill("password1");
  const meter = page.locator(".strength");
  await expect(meter).toHaveAttribute("data-acceptable", "false");
  await page.getByLabel("New password").fill(NEW);
  await expect(meter).toHaveAttribute("data-acceptable", "true");
});

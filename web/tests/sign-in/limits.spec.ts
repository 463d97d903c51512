import { expect, look, register, test } from "../kit/index.ts";
import { expectSignedIn, form, withPassword } from "./kit.ts";

test.use({ settings: { DURWARD_LIMITS__ACCOUNT_FAILURES: "2", DURWARD_LIMITS__FIRST_DELAY: "4s" } });

test("after too many wrong answers the seconds count down, and then the right one is taken", async ({ page, server }) => {
  const ann = await register(server);
  await withPassword(page, { email: ann.email, password: "wrong" });
  const said = page.getByRole("alert");
  await expect(said).toHaveText("The e-mail address or the password is wrong.");
  // The answer that reaches the limit is the last that is looked at.
  await expect(async () => {
    await form(page).submit.click();
    await expect(said).toContainText("Please wait", { timeout: 1_000 });
  }).toPass();
  await form(page).password.fill(ann.password);
  await form(page).submit.click();
  await expect(said).toContainText("Please wait");
  await look(page, "login-limited");
  await expect(said).toHaveText("You can try again now.");
  await form(page).submit.click();
  await expectSignedIn(page, ann.email);
});

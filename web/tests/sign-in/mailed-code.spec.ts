import { expect, look, register, test } from "../kit/index.ts";
import { expectSignedIn, withPassword } from "./kit.ts";

// Every device is new, and that is enough to be asked for more.
test.use({ withMail: true, settings: { DURWARD_RISK__SECOND_FACTOR: "20", DURWARD_RISK__NEW_DEVICE: "100", DURWARD_REGISTRATION__VERIFY_EMAIL: "false" } });

test("a sign-in that looks unusual asks for a mailed code", async ({ page, second, server, mails }) => {
  const ann = await register(server);
  // The first device is the one that the account is known by.
  await withPassword(page, ann);
  await page.waitForURL(/\/account|\/login/);
  await withPassword(second, ann);
  const code = second.getByLabel("Code from the mail");
  await expect(code).toBeFocused();
  await expect(code).toHaveAccessibleDescription(new RegExp(`sent a mail with eight digits to ${ann.email}`));
  await expect(second.getByLabel(/Do not ask again/)).toHaveCount(0);
  await look(second, "second-email-code");
  await code.fill("00000000");
  await expect(code).toHaveAccessibleDescription(/This code is not right\./);
  await code.fill(await mails!.code(ann.email));
  await expectSignedIn(second, ann.email);
});

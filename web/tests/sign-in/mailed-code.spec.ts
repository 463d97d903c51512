import { expect, look, register, signIn, test } from "../kit/index.ts";
import { expectSignedIn, withPassword } from "./kit.ts";

// A device that is new to somebody who has always used the same one is enough to be asked for more.
test.use({
  withMail: true,
  settings: {
    DURWARD_RISK__NOTICE: "20",
    DURWARD_RISK__SECOND_FACTOR: "20",
    DURWARD_RISK__NEW_DEVICE: "100",
    DURWARD_REGISTRATION__VERIFY_EMAIL: "false",
  },
});

test("a sign-in that looks unusual asks for a mailed code", async ({ page, second, server, mails }) => {
  const ann = await register(server);
  for (let time = 0; time < 5; time += 1) await signIn(page, ann);
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

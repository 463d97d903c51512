import { expect, look, register, test } from "../kit/index.ts";
import { card, open, visit } from "./kit.ts";

// In development mails go to the log; elsewhere there are none where no mail server is named.
test.use({ settings: { DURWARD_ENVIRONMENT: "test" } });

test("where no mail can be sent nobody is asked to confirm or to change an address", async ({ page, server }) => {
  await open(page, await register(server), "email");
  await expect(page.getByText("No mail can be sent from here, so the address cannot be changed.")).toBeVisible();
  await expect(page.getByRole("textbox")).toHaveCount(0);
  await expect(card(page, "Your e-mail address").getByRole("button")).toHaveCount(0);
  await look(page, "account-email-no-mail");
  await visit(page);
  await expect(page.getByText("Your e-mail address is not confirmed.")).toHaveCount(0);
});

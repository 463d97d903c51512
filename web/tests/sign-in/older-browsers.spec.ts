import { resolve } from "node:path";

import { build } from "vite";

import { type Page, authenticator, call, expect, register, signIn, test } from "../kit/index.ts";
import { expectSignedIn, form, withPasskey } from "./kit.ts";

/** Takes from the browser what older ones do not have. */
async function withoutJson(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const constructor = PublicKeyCredential as unknown as Record<string, unknown>;
    delete constructor.parseRequestOptionsFromJSON;
    delete constructor.parseCreationOptionsFromJSON;
    delete (PublicKeyCredential.prototype as unknown as Record<string, unknown>).toJSON;
  });
}

test("a passkey signs in where the browser does not read WebAuthn's JSON", async ({ page, server }) => {
  const ann = await register(server);
  const key = await authenticator(page);
  await withPasskey(page, ann);
  await withoutJson(page);
  await page.addInitScript(() => {
    delete (PublicKeyCredential as unknown as Record<string, unknown>).isConditionalMediationAvailable;
  });
  await page.goto("/login");
  expect(await page.evaluate(() => "parseRequestOptionsFromJSON" in PublicKeyCredential)).toBe(false);
  await key.touched(true);
  await form(page).passkey.click();
  await expectSignedIn(page, ann.email);
});

test("a passkey is made there as well, and not twice on one authenticator", async ({ page, server }) => {
  const ann = await register(server);
  await authenticator(page);
  await withoutJson(page);
  await signIn(page, ann);
  await page.goto("/account");
  const entry = resolve(import.meta.dirname, "../../../clients/js/src/webauthn-json.ts");
  const built = await build({
    configFile: false,
    logLevel: "error",
    build: { write: false, minify: false, lib: { entry, name: "webauthn", formats: ["iife"] } },
  });
  const script = (built as { output: { code: string }[] }[])[0]!.output[0]!.code;
  const make = async () => {
    const { ceremony_id, publicKey } = (await (await call(page, "post", "/api/v1/passkeys/register/begin")).json()) as Record<
      string,
      unknown
    >;
    const credential: unknown = await page.evaluate(`(async () => {
      ${script}
      const publicKey = webauthn.creationOptions(${JSON.stringify(publicKey)});
      try {
        return webauthn.credentialJson(await navigator.credentials.create({ publicKey }));
      } catch (error) {
        return error.name;
      }
    })()`);
    return { ceremony_id, credential };
  };
  const answer = await call(page, "post", "/api/v1/passkeys/register/finish", await make());
  expect(answer.status()).toBe(201);
  // The server names those there are, and the browser understands the names.
  expect((await make()).credential).toBe("InvalidStateError");
});

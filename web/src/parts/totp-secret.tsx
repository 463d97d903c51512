import { useId } from "preact/hooks";

import { common } from "../shell/texts.ts";
import { Copy } from "./copy.tsx";

/** The secret for an authenticator app: to scan, to open on this device, and to type in. */
export function TotpSecret({ setup }: { setup: { secret: string; otpauth_uri: string; qr_svg: string } }) {
  const id = useId();
  // Four letters at a time are easier to type.
  const inGroups = setup.secret.replace(/(.{4})(?=.)/g, "$1 ");
  return (
    <div class="stack">
      <img class="qr" src={`data:image/svg+xml,${encodeURIComponent(setup.qr_svg)}`} alt={common("totp.qr")} width="200" height="200" />
      <p>
        <a href={setup.otpauth_uri}>{common("totp.open")}</a>
      </p>
      <div class="field">
        <span class="label" id={id}>
          {common("totp.secret")}
        </span>
        <div class="row" role="group" aria-labelledby={id}>
          <code>{inGroups}</code>
          <Copy text={setup.secret} />
        </div>
      </div>
    </div>
  );
}

import type { Answer } from "@durward/client";
import { useEffect, useRef, useState } from "preact/hooks";

import { BackupCodes as Codes } from "../../parts/backup-codes.tsx";
import { Button } from "../../parts/button.tsx";
import { Busy, Failure, Notice } from "../../parts/notice.tsx";
import { useLoaded } from "../../parts/use.ts";
import { boot } from "../../shell/boot.ts";
import { server } from "../../shell/server.ts";
import { focusHeading } from "../focus.ts";
import type { SectionProps } from "../sections.ts";
import { t } from "../text.ts";
import { BackupCodes } from "./backup-codes.tsx";
import { Order } from "./order.tsx";
import { Passkeys } from "./passkeys.tsx";
import { Totp } from "./totp.tsx";
import { Trusted } from "./trusted.tsx";

/** What `GET /api/v1/2fa` says. */
export type FactorStatus = Answer<"get", "/api/v1/2fa">;

/** What each part of the section gets. */
export interface FactorProps {
  status: FactorStatus;
  /** Something has changed: load what there is anew. */
  onChanged: () => Promise<void>;
  /** New backup codes have to be shown: they never are again. */
  onCodes: (codes: string[]) => void;
}

/** The second factors, and where they are not asked for. */
export function Security({ me }: SectionProps) {
  const status = useLoaded((signal) => server.get("/api/v1/2fa", { signal }), []);
  const [codes, setCodes] = useState<string[]>();
  const kept = () => {
    setCodes(undefined);
    focusHeading();
  };
  if (codes) return <NewCodes codes={codes} account={me.email} onKept={kept} />;
  if (status.problem !== undefined) return <Failure problem={status.problem} again={() => void status.reload()} />;
  if (!status.data) return <Busy />;
  const props: FactorProps = { status: status.data, onChanged: status.reload, onCodes: setCodes };
  const { enabled, required, methods, trusted_devices } = status.data;
  return (
    <>
      <Notice kind={enabled ? "good" : "warn"}>
        {t(enabled ? "security.on" : "security.off")} {required && t("security.required")}
      </Notice>
      <Totp {...props} />
      {boot.features.passkeys && <Passkeys {...props} />}
      {enabled && <BackupCodes {...props} />}
      {methods.length > 1 && <Order {...props} />}
      {(enabled || trusted_devices.length > 0) && <Trusted {...props} />}
    </>
  );
}

/** The codes alone, so that nothing else comes onto paper. */
function NewCodes({ codes, account, onKept }: { codes: string[]; account: string; onKept: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section class="card stack">
      <h2 ref={heading} tabIndex={-1}>
        {t("codes.new.heading")}
      </h2>
      <p class="not-on-paper">{t("codes.new.text")}</p>
      <Codes codes={codes} account={account} />
      <div class="row not-on-paper">
        <Button kind="primary" onClick={onKept}>
          {t("codes.kept")}
        </Button>
      </div>
    </section>
  );
}

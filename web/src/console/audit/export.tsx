import type { PathFor } from "@durward/client";

import { Button } from "../../parts/button.tsx";
import { Failure } from "../../parts/notice.tsx";
import { useAction } from "../../parts/use.ts";
import { server } from "../../shell/server.ts";
import { t } from "../texts.ts";

const EXPORT: PathFor<"get"> = "/api/v1/admin/audit/export";

/** Downloads the trail as it is filtered. It may be large, so the browser takes it by itself and not through the page. */
export function Export({ filters }: { filters: Record<string, string | undefined> }) {
  const download = useAction(async (format: string) => {
    // The browser's download renews no session: what expired is renewed by this.
    await server.get("/api/v1/admin/audit", { query: { ...filters, limit: 1 } });
    const query = new URLSearchParams({ format });
    for (const [name, value] of Object.entries(filters)) if (value) query.set(name, value);
    const link = document.createElement("a");
    link.href = `${EXPORT}?${query}`;
    link.download = "";
    link.click();
  });
  return (
    <>
      <div class="row">
        <span class="muted">{t("export.about")}</span>
        <Button class="slim" busy={download.busy} onClick={() => void download.run("jsonl")}>
          {t("export.jsonl")}
        </Button>
        <Button class="slim" busy={download.busy} onClick={() => void download.run("cef")}>
          {t("export.cef")}
        </Button>
      </div>
      {download.problem !== undefined && <Failure problem={download.problem} />}
    </>
  );
}

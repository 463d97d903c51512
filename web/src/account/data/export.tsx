import { Problem } from "@durward/client";
import { useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Failure, Notice } from "../../parts/notice.tsx";
import { saveFile } from "../../parts/save.ts";
import { withStepUp } from "../../parts/step-up.tsx";
import { useAction } from "../../parts/use.ts";
import { announce } from "../../shell/announce.ts";
import { server } from "../../shell/server.ts";
import { formatNumber } from "../../shell/texts.ts";
import { Card } from "../card.tsx";
import { t } from "../text.ts";

/** Everything as a file. */
export function Export() {
  const [bytes, setBytes] = useState(0);
  const [done, setDone] = useState<number>();
  const get = useAction(async () => {
    setDone(undefined);
    setBytes(0);
    const file = await withStepUp(() => server.download("/api/v1/account/export", { onProgress: setBytes }));
    await judge(file);
    saveFile(file, `${t("export.file")}-${new Date().toISOString().slice(0, 10)}.json`);
    setDone(file.size);
    announce(t("export.done", { size: kilobytes(file.size) }));
  });
  return (
    <Card title={t("export.heading")}>
      <p>{t("export.text")}</p>
      {get.problem !== undefined && <Failure problem={get.problem} again={() => void get.run()} />}
      {get.busy && bytes > 0 && (
        <p>
          {/* How much there is nobody knows before it has come. */}
          <progress aria-label={t("export.heading")} /> {t("export.progress", { size: kilobytes(bytes) })}
        </p>
      )}
      {done !== undefined && <Notice kind="good">{t("export.done", { size: kilobytes(done) })}</Notice>}
      <div class="row">
        <Button busy={get.busy} onClick={() => void get.run()}>
          {t("export.get")}
        </Button>
      </div>
    </Card>
  );
}

/** One that breaks off is no whole JSON document. */
async function judge(file: Blob): Promise<void> {
  try {
    JSON.parse(await file.text());
  } catch (cause) {
    throw Problem.network(cause);
  }
}

function kilobytes(bytes: number): string {
  return formatNumber(Math.ceil(bytes / 1024));
}

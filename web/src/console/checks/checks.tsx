import { useRef, useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Busy, Failure, Notice } from "../../parts/notice.tsx";
import { useLoaded } from "../../parts/use.ts";
import { announce } from "../../shell/announce.ts";
import { server } from "../../shell/server.ts";
import { formatClock, formatNumber } from "../format.ts";
import { t } from "../texts.ts";
import { Title } from "../title.tsx";
import type { Report } from "../types.ts";
import { Path } from "./path.tsx";
import { Progress } from "./progress.tsx";

/** A report, and when it came. */
interface Walked {
  report: Report;
  at: string;
}

/** The Golden Path: every check as a station, walked when the page is opened, and again when somebody asks for it. */
export function Checks() {
  const [walks, setWalks] = useState(0);
  const again = useRef(false);
  const walked = useLoaded<Walked>(async (signal) => {
    const report = await server.get("/api/v1/diagnostics", { signal });
    setWalks((before) => before + 1);
    if (again.current) announce(t(`walk.${report.status}`));
    return { report, at: new Date().toISOString() };
  }, []);
  const report = walked.data?.report;
  const walk = () => {
    again.current = true;
    announce(t("walk.busy"));
    void walked.reload();
  };
  return (
    <>
      <div class="row apart">
        <Title>{t("section.checks")}</Title>
        <Button kind="primary" busy={walked.busy} onClick={walk}>
          {t("walk.again")}
        </Button>
      </div>
      <p class="muted">{t("checks.about")}</p>
      {walked.problem !== undefined && <Failure problem={walked.problem} again={walk} />}
      {walked.busy &&
        (report ? <Progress usual={report.checks.reduce((all, one) => all + one.took_ms, 0)} /> : <Busy text={t("walk.busy")} />)}
      {report && walked.data && (
        <>
          <Summary report={report} at={walked.data.at} walks={walks} />
          <Path checks={report.checks} busy={walked.busy} />
        </>
      )}
    </>
  );
}

function Summary({ report, at, walks }: { report: Report; at: string; walks: number }) {
  const kind = { ok: "good", degraded: "warn", failing: "bad", skipped: "plain" } as const;
  const count = (status: string) => report.checks.filter((check) => check.status === status).length;
  const parts = (["ok", "degraded", "failing", "skipped"] as const).filter((status) => count(status) > 0);
  return (
    <div data-walks={walks}>
      <Notice kind={kind[report.status]}>
        <b>{t(`walk.${report.status}`)}</b> {parts.map((status) => `${formatNumber(count(status))} ${t(`check.${status}`)}`).join(", ")}.{" "}
        {t("walk.at", { time: formatClock(at) })}
      </Notice>
    </div>
  );
}

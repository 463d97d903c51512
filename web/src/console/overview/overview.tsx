import { useEffect, useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Busy, Failure } from "../../parts/notice.tsx";
import { Select } from "../../parts/field.tsx";
import { useLoaded } from "../../parts/use.ts";
import { server } from "../../shell/server.ts";
import { formatClock } from "../format.ts";
import { useQuery } from "../query.ts";
import { useEvery } from "../refresh.ts";
import { t } from "../texts.ts";
import { Title } from "../title.tsx";
import { ChartCard } from "./chart.tsx";
import { CHARTS, type Chart, draw } from "./charts.ts";
import { Logins } from "./logins.tsx";
import { Tiles } from "./tiles.tsx";

/** How far back, in seconds, and how long each step is then. */
const RANGES = {
  "1h": { span: 3_600, step: 60 },
  "24h": { span: 86_400, step: 300 },
  "7d": { span: 604_800, step: 3_600 },
  "30d": { span: 2_592_000, step: 14_400 },
} as const;

type Range = keyof typeof RANGES;

/** How often the figures are asked for again. The server writes those of the charts once a minute. */
const TILES_EVERY = 10_000;
const CHARTS_EVERY = 30_000;

/** What there is of everything, and how it went over time. */
export function OverviewPage() {
  const query = useQuery();
  const asked = query.values.range ?? "";
  const range: Range = asked in RANGES ? (asked as Range) : "1h";
  const [on, setOn] = useState(true);
  const [fresh, setFresh] = useState<string>();
  const overview = useLoaded((signal) => server.get("/api/v1/admin/overview", { signal }), []);
  useEffect(() => overview.data && setFresh(new Date().toISOString()), [overview.data]);
  useEvery(TILES_EVERY, on, overview.reload);
  return (
    <>
      <div class="row apart">
        <Title>{t("section.overview")}</Title>
        <div class="row">
          {fresh && <span class="muted small">{t("as_of", { time: formatClock(fresh) })}</span>}
          <Button class="slim" aria-pressed={!on} onClick={() => setOn(!on)}>
            {t(on ? "pause" : "resume")}
          </Button>
        </div>
      </div>
      {overview.problem !== undefined && <Failure problem={overview.problem} again={overview.reload} />}
      {overview.data ? <Tiles overview={overview.data} /> : overview.problem === undefined && <Busy />}
      {overview.data && <Logins logins={overview.data.logins} />}
      <div class="row apart">
        <h2>{t("charts")}</h2>
        <Select
          label={t("range")}
          value={range}
          options={(Object.keys(RANGES) as Range[]).map((one) => ({ value: one, label: t(`range.${one}`) }))}
          onValue={(next) => query.set({ range: next })}
        />
      </div>
      <div class="charts">
        {CHARTS.map((chart) => (
          <Loading key={`${chart.name} ${range}`} chart={chart} range={range} on={on} />
        ))}
      </div>
    </>
  );
}

function Loading({ chart, range, on }: { chart: Chart; range: Range; on: boolean }) {
  const { span, step } = RANGES[range];
  const series = useLoaded(
    async (signal) => {
      const since = new Date(Date.now() - span * 1_000).toISOString();
      return draw(chart, await server.get("/api/v1/admin/overview/series", { query: { name: chart.name, since, step }, signal }));
    },
    [chart, range],
  );
  useEvery(CHARTS_EVERY, on, series.reload);
  return <ChartCard chart={chart} series={series} />;
}

import { useEffect, useId, useRef, useState } from "preact/hooks";

import { Busy, Failure } from "../../parts/notice.tsx";
import type { Loaded } from "../../parts/use.ts";
import { t } from "../texts.ts";
import { ChartTable } from "./chart-table.tsx";
import { type Chart, type Drawn, formatValue } from "./charts.ts";
import { Legend } from "./legend.tsx";
import type { Plot } from "./plot.ts";
import { formatMoment } from "./time-axis.ts";

/** A chart with its heading, its legend and its figures as a table. */
export function ChartCard({ chart, series }: { chart: Chart; series: Loaded<Drawn> }) {
  const id = useId();
  const drawn = series.data;
  return (
    <section class="card chart" aria-labelledby={id}>
      <h3 id={id}>{t(`chart.${chart.name}`)}</h3>
      <p class="muted small">{t(`chart.${chart.name}.about`)}</p>
      {series.problem !== undefined && <Failure problem={series.problem} again={series.reload} />}
      {!drawn && series.problem === undefined && <Busy />}
      {drawn && drawn.lines.length === 0 && (
        <p class="nothing muted">{t(chart.name === "breakers" ? "chart.all_closed" : "chart.empty")}</p>
      )}
      {drawn && drawn.lines.length > 0 && (
        // Other lines make another chart.
        <Drawing key={drawn.lines.map(({ label }) => label).join("\n")} chart={chart} drawn={drawn} />
      )}
    </section>
  );
}

function Drawing({ chart, drawn }: { chart: Chart; drawn: Drawn }) {
  const place = useRef<HTMLDivElement>(null);
  const made = useRef<Plot>(undefined);
  const [at, setAt] = useState<number | null>(null);
  const [hidden, setHidden] = useState<number[]>([]);
  const latest = useRef(drawn);
  latest.current = drawn;
  useEffect(() => {
    let gone = false;
    const recolour = () => made.current?.recolour();
    const themes = new MutationObserver(recolour);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const sizes = new ResizeObserver(([entry]) => entry && made.current?.resize(entry.contentRect.width));
    // The library is only fetched where something is drawn.
    void import("./plot.ts").then(({ plot }) => {
      if (gone || !place.current) return;
      made.current = plot(place.current, latest.current, chart.stepped ?? false, setAt);
      sizes.observe(place.current);
      themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
      dark.addEventListener("change", recolour);
    });
    return () => {
      gone = true;
      sizes.disconnect();
      themes.disconnect();
      dark.removeEventListener("change", recolour);
      made.current?.destroy();
    };
  }, []);
  useEffect(() => made.current?.update(drawn), [drawn]);
  const last = drawn.times.length - 1;
  const shown = at ?? last;
  const move = (to: number) => made.current?.point(Math.min(last, Math.max(0, to)));
  const spoken = drawn.lines.map((line) => `${line.label} ${formatValue(drawn.unit, line.values[shown])}`).join(", ");
  const toggle = (line: number) => {
    const off = hidden.includes(line);
    made.current?.show(line, off);
    setHidden(off ? hidden.filter((one) => one !== line) : [...hidden, line]);
  };
  return (
    <>
      <div
        ref={place}
        class="plot"
        role="slider"
        tabIndex={0}
        aria-label={t("chart.cursor", { name: t(`chart.${chart.name}`) })}
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={shown}
        aria-valuetext={`${formatMoment(drawn.times[shown] ?? 0)}: ${spoken}`}
        onKeyDown={(event) => {
          const to = target(event.key, shown, last);
          if (to === undefined) return;
          event.preventDefault();
          move(to);
        }}
      />
      <Legend drawn={drawn} at={shown} hidden={hidden} onToggle={toggle} />
      <ChartTable title={t(`chart.${chart.name}`)} drawn={drawn} />
    </>
  );
}

/** Where a key leads to, as with any slider. */
function target(key: string, at: number, last: number): number | undefined {
  const page = Math.max(1, Math.round(last / 10));
  const ways: Record<string, number> = {
    ArrowLeft: at - 1,
    ArrowDown: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at + 1,
    PageDown: at - page,
    PageUp: at + page,
    Home: 0,
    End: last,
  };
  return ways[key];
}

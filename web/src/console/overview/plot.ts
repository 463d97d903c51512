import "uplot/dist/uPlot.min.css";

import uPlot from "uplot";

import { type Drawn, formatValue } from "./charts.ts";
import { DASHES } from "./patterns.ts";
import { formatTick } from "./time-axis.ts";

/** A drawn chart that can be told what has changed. */
export interface Plot {
  update: (drawn: Drawn) => void;
  /** Puts the cursor at a step. */
  point: (at: number | null) => void;
  show: (line: number, shown: boolean) => void;
  resize: (width: number) => void;
  /** Takes the colours of the page anew. */
  recolour: () => void;
  destroy: () => void;
}

const HEIGHT = 200;

/**
 * Draws a chart into an element by uPlot. The colours are those that the page's style gives to `.line-1` to `.line-8`, and each
 * line has a pattern of its own besides.
 */
export function plot(into: HTMLElement, drawn: Drawn, stepped: boolean, onPoint: (at: number | null) => void): Plot {
  let colours = read(into);
  const axis = {
    stroke: () => colours.text,
    grid: { stroke: () => colours.grid, width: 1 },
    ticks: { stroke: () => colours.grid, width: 1 },
  };
  const state = drawn.unit === "state";
  const options: uPlot.Options = {
    width: Math.max(200, into.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    scales: {
      x: { time: true },
      y: state ? { range: [-0.15, 2.2] } : { range: (_, __, most) => [0, Math.max(1, most * 1.1)] },
    },
    series: [
      {},
      ...drawn.lines.map((_, at) => ({
        stroke: () => colours.lines[at % colours.lines.length]!,
        width: 2,
        dash: DASHES[at % DASHES.length]!,
        ...(stepped && { paths: uPlot.paths.stepped!({ align: 1 }) }),
        points: { size: 6, filter: (self: uPlot, line: number) => alone(self.data[line] ?? []) },
      })),
    ],
    axes: [
      { ...axis, space: 70, values: (_, splits) => splits.map(formatTick) },
      {
        ...axis,
        size: state ? 86 : 66,
        ...(state && { splits: () => [0, 1, 2] }),
        values: (_, splits) =>
          splits.map((value) => (Number.isInteger(value) || drawn.unit !== "count" ? formatValue(drawn.unit, value) : "")),
      },
    ],
    hooks: { setCursor: [(self) => onPoint(self.cursor.idx ?? null)] },
  };
  const data = (now: Drawn): uPlot.AlignedData => [now.times, ...now.lines.map(({ values }) => values)];
  const chart = new uPlot(options, data(drawn), into);
  return {
    update: (now) => chart.setData(data(now)),
    point: (at) => {
      const time = at === null ? undefined : chart.data[0][at];
      chart.setCursor({ left: time === undefined ? -10 : chart.valToPos(time, "x"), top: 10 });
    },
    show: (line, shown) => chart.setSeries(line + 1, { show: shown }),
    resize: (width) => chart.setSize({ width: Math.max(200, width), height: HEIGHT }),
    recolour: () => {
      colours = read(into);
      chart.redraw(false, true);
    },
    destroy: () => chart.destroy(),
  };
}

/** Where a value has none beside it: no line goes through there, and a point has to be seen. */
function alone(values: ArrayLike<number | null | undefined>): number[] {
  const there = (at: number) => values[at] !== null && values[at] !== undefined;
  return Array.from(values, (_, at) => at).filter((at) => there(at) && !there(at - 1) && !there(at + 1));
}

/** The colours as they are now: a canvas knows nothing of custom properties. */
function read(into: HTMLElement): { lines: string[]; text: string; grid: string } {
  // An element for each: one that changed its class would be on its way from the colour before.
  const colour = (name: string) => {
    const probe = into.ownerDocument.createElement("span");
    probe.className = name;
    into.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
  const lines = DASHES.map((_, at) => colour(`line-${at + 1}`));
  return { lines, text: colour("line-text"), grid: colour("line-grid") };
}

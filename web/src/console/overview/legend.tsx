import { t } from "../texts.ts";
import { type Drawn, formatValue } from "./charts.ts";
import { DASHES } from "./patterns.ts";
import { formatMoment } from "./time-axis.ts";

/** What the lines of a chart are, each with its pattern and its value at the cursor. One can be taken out by pressing it. */
export function Legend({ drawn, at, hidden, onToggle }: { drawn: Drawn; at: number; hidden: number[]; onToggle: (line: number) => void }) {
  return (
    <div class="legend">
      <span class="muted small">{formatMoment(drawn.times[at] ?? 0)}</span>
      <ul>
        {drawn.lines.map((line, number) => (
          <li key={line.label}>
            <button
              type="button"
              class={`swatch line-${(number % DASHES.length) + 1}`}
              aria-pressed={!hidden.includes(number)}
              title={t("chart.toggle")}
              onClick={() => onToggle(number)}
            >
              <svg width="32" height="8" aria-hidden="true">
                <line
                  x1="0"
                  y1="4"
                  x2="32"
                  y2="4"
                  stroke="currentColor"
                  stroke-width="3"
                  stroke-dasharray={DASHES[number % DASHES.length]!.join(" ")}
                />
              </svg>
              <span class="name">{line.label}</span>
              <b class="number">{formatValue(drawn.unit, line.values[at])}</b>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

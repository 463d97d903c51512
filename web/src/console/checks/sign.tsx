import type { Finding } from "../types.ts";

const SHAPES: Record<Finding["status"], string> = {
  ok: "M7 12.5l3.5 3.5L17 8.5",
  degraded: "M12 6.5v7M12 17v.5",
  failing: "M8 8l8 8M16 8l-8 8",
  skipped: "M7.5 12h9",
};

/** The sign of a station: a tick, an exclamation mark, a cross, a dash. The words stand beside it. */
export function Sign({ status }: { status: Finding["status"] }) {
  return (
    <svg class="sign" viewBox="0 0 24 24" aria-hidden="true">
      <circle cx="12" cy="12" r="11" />
      <path d={SHAPES[status]} fill="none" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}

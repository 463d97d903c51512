import { t } from "../texts.ts";
import type { Finding } from "../types.ts";
import { Station } from "./station.tsx";

/**
 * The checks in the order in which they were made, as stations of a path: a snake on a large screen, a line downwards on a
 * phone, and an ordered list for who listens to it.
 */
export function Path({ checks, busy }: { checks: Finding[]; busy: boolean }) {
  return (
    <ol class={busy ? "path walking" : "path"} aria-label={t("section.checks")} aria-busy={busy}>
      {checks.map((check) => (
        <Station key={check.id} check={check} />
      ))}
    </ol>
  );
}

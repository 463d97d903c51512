import type { Column } from "../../parts/table.tsx";
import { ResultBadge } from "../badges.tsx";
import { formatExact } from "../format.ts";
import { UserLink } from "../people.tsx";
import { t, word } from "../texts.ts";
import type { Attempt } from "../types.ts";
import { RiskBadge, RiskReasons } from "./risk.tsx";

const who: Column<Attempt> = { label: t("user"), cell: (row) => <UserLink id={row.user_id} email={row.email} /> };

const others: Column<Attempt>[] = [
  { label: t("method"), cell: (row) => <span class="nowrap">{word("method", row.method)}</span> },
  { label: t("result"), cell: (row) => <ResultBadge attempt={row} /> },
  {
    label: t("from"),
    cell: (row) => (
      <>
        {row.ip ?? "–"}
        {row.location && <div class="muted small">{row.location}</div>}
        {row.user_agent && (
          <div class="muted small agent" title={row.user_agent}>
            {row.user_agent}
          </div>
        )}
      </>
    ),
  },
  {
    label: t("risk"),
    cell: (row) => (
      <>
        <RiskBadge attempt={row} />
        <RiskReasons attempt={row} />
      </>
    ),
  },
];

const when: Column<Attempt> = { label: t("time"), cell: (row) => <time dateTime={row.at}>{formatExact(row.at)}</time> };

/** The columns of a list of login attempts: of everybody, or of one user. */
export const ATTEMPTS: Column<Attempt>[] = [when, who, ...others];
export const ATTEMPTS_OF_ONE: Column<Attempt>[] = [when, ...others];

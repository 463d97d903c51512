import { usePaged } from "../../parts/use.ts";
import { server } from "../../shell/server.ts";
import { type Filter, Filters, chosen } from "../filters.tsx";
import { PagedTable } from "../list.tsx";
import { useQuery } from "../query.ts";
import { t, word } from "../texts.ts";
import { Title } from "../title.tsx";
import { ATTEMPTS } from "./table.tsx";

const options = (kind: string, values: string[]) => values.map((value) => ({ value, label: word(kind, value) }));

const FILTERS: Filter[] = [
  { name: "email", label: t("email"), kind: "text", search: true },
  { name: "user", label: t("user_id"), kind: "text", number: true },
  { name: "ip", label: t("ip"), kind: "text" },
  {
    name: "succeeded",
    label: t("result"),
    kind: "choice",
    options: [
      { value: "true", label: t("succeeded") },
      { value: "false", label: t("failed") },
    ],
  },
  {
    name: "reason",
    label: t("reason"),
    kind: "choice",
    options: options("reason", [
      "ok",
      "invalid_credentials",
      "invalid_second_factor",
      "invalid_passkey",
      "too_many_attempts",
      "account_pending",
      "account_suspended",
      "account_deactivated",
      "place_denied",
      "login_denied",
    ]),
  },
  {
    name: "method",
    label: t("method"),
    kind: "choice",
    options: options("method", ["password", "totp", "backup_code", "passkey", "email_code"]),
  },
  { name: "decision", label: t("decision"), kind: "choice", options: options("decision", ["allow", "notice", "second_factor", "deny"]) },
  { name: "since", label: t("since"), kind: "time" },
  { name: "until", label: t("until"), kind: "time" },
];

/** Every try to log in, with what was made of its risk. */
export function Attempts() {
  const query = useQuery();
  const filters = chosen(query, FILTERS);
  const list = usePaged(
    (cursor, signal) => server.get("/api/v1/admin/attempts", { query: { ...filters, cursor, limit: 50 }, ...(signal && { signal }) }),
    [JSON.stringify(filters)],
  );
  return (
    <>
      <Title>{t("section.attempts")}</Title>
      <p class="muted">{t("attempts.about")}</p>
      <Filters query={query} filters={FILTERS} />
      <PagedTable list={list} caption={t("section.attempts")} columns={ATTEMPTS} id={(row) => row.id} empty={t("attempts.none")} />
    </>
  );
}

import { Ago } from "../../parts/time.tsx";
import { useLoaded, usePaged } from "../../parts/use.ts";
import { server } from "../../shell/server.ts";
import { StatusBadge } from "../badges.tsx";
import { type Filter, Filters, chosen } from "../filters.tsx";
import { PagedTable } from "../list.tsx";
import { useQuery } from "../query.ts";
import { t, word } from "../texts.ts";
import { Title } from "../title.tsx";

const STATUSES = ["active", "pending", "suspended", "deactivated"];

/** All accounts, searched. */
export function Users() {
  const query = useQuery();
  const roles = useLoaded((signal) => server.get("/api/v1/admin/roles", { signal }), []);
  const filters: Filter[] = [
    { name: "query", label: t("users.search"), kind: "text", search: true },
    { name: "status", label: t("status"), kind: "choice", options: STATUSES.map((value) => ({ value, label: word("status", value) })) },
    { name: "role", label: t("role"), kind: "choice", options: (roles.data ?? []).map(({ name }) => ({ value: name, label: name })) },
  ];
  const wanted = chosen(query, filters);
  const list = usePaged(
    (cursor, signal) => server.get("/api/v1/admin/users", { query: { ...wanted, cursor, limit: 50 }, ...(signal && { signal }) }),
    [JSON.stringify(wanted)],
  );
  return (
    <>
      <Title>{t("section.users")}</Title>
      <Filters query={query} filters={filters} />
      <PagedTable
        list={list}
        caption={t("section.users")}
        id={(row) => row.id}
        empty={t("users.none")}
        columns={[
          { label: t("email"), cell: (row) => <a href={`/console/users/${row.id}`}>{row.email}</a> },
          { label: t("name"), cell: (row) => row.full_name ?? "–" },
          { label: t("role"), cell: (row) => row.role },
          { label: t("status"), cell: (row) => <StatusBadge status={row.status} /> },
          { label: t("second_factor"), cell: (row) => t(row.tfa_enabled ? "on" : "off") },
          { label: t("registered"), cell: (row) => <Ago time={row.created_at} /> },
        ]}
      />
    </>
  );
}

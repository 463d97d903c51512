import { useId } from "preact/hooks";

import { Check, Field } from "../parts/field.tsx";
import { Busy, Failure } from "../parts/notice.tsx";
import { Table } from "../parts/table.tsx";
import { useLoaded } from "../parts/use.ts";
import { server } from "../shell/server.ts";
import { useQuery, useTyped } from "./query.ts";
import { t } from "./texts.ts";
import { Title } from "./title.tsx";
import type { Schemas } from "./types.ts";

type Entry = Schemas["ConfigEntry"];

/** What holds on this node, and where each value comes from. */
export function Config() {
  const query = useQuery();
  const [search, setSearch] = useTyped(query, "query");
  const changed = query.values.changed === "true";
  const config = useLoaded((signal) => server.get("/api/v1/admin/config", { signal }), []);
  const words = (query.values.query ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (entry: Entry) => {
    const text = `${entry.key} ${show(entry.value)} ${entry.source}`.toLowerCase();
    return words.every((word) => text.includes(word)) && (!changed || entry.source !== "default");
  };
  const found = (config.data ?? []).filter(fits);
  return (
    <>
      <Title>{t("section.config")}</Title>
      <p class="muted">{t("config.about")}</p>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <Field label={t("config.search")} type="search" spellcheck={false} value={search} onValue={setSearch} />
        <Check label={t("config.changed")} checked={changed} onChecked={(on) => query.set({ changed: on ? "true" : "" })} />
      </form>
      {config.problem !== undefined && <Failure problem={config.problem} again={config.reload} />}
      {!config.data && config.problem === undefined && <Busy />}
      {config.data && (
        <>
          <p role="status">{t.count("config.found", found.length)}</p>
          {grouped(found).map(([group, entries]) => (
            <Group key={group} group={group} entries={entries} />
          ))}
        </>
      )}
    </>
  );
}

/** By the tables of the file, in their order. */
function grouped(entries: Entry[]): [group: string, entries: Entry[]][] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const group = entry.key.includes(".") ? entry.key.slice(0, entry.key.indexOf(".")) : "";
    groups.set(group, [...(groups.get(group) ?? []), entry]);
  }
  return [...groups];
}

function Group({ group, entries }: { group: string; entries: Entry[] }) {
  const id = useId();
  return (
    <section class="card stack settings" aria-labelledby={id}>
      <h2 id={id}>{group ? <code>[{group}]</code> : t("config.top")}</h2>
      <Table
        caption={group || t("config.top")}
        rows={entries}
        id={(row) => row.key}
        columns={[
          { label: t("config.key"), cell: (row) => <code>{row.key}</code> },
          { label: t("config.value"), cell: (row) => <Value value={row.value} /> },
          {
            label: t("config.source"),
            cell: (row) =>
              row.source === "default" ? <span class="muted">{t("config.default")}</span> : <span lang="en">{row.source}</span>,
          },
        ]}
      />
    </section>
  );
}

function Value({ value }: { value: unknown }) {
  if (value === "[hidden]") return <span class="badge">{t("config.hidden")}</span>;
  if (value === null || value === undefined) return <span class="muted">{t("config.unset")}</span>;
  return <code>{show(value)}</code>;
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

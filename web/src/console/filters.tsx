import { useId, useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Field, Select } from "../parts/field.tsx";
import { type Query, fromLocal, toLocal, useTyped } from "./query.ts";
import { t } from "./texts.ts";

/** A filter: a word that is typed, one out of several, or a time. */
export type Filter =
  | { name: string; label: string; kind: "text"; search?: boolean; number?: boolean }
  | { name: string; label: string; kind: "choice"; options: { value: string; label: string }[] }
  | { name: string; label: string; kind: "time" };

/** On a phone the others are folded away, so that the list is to be seen. */
const ALWAYS_SHOWN = 2;

/** The filters of a list. They stand in the page's address. */
export function Filters({ query, filters, children }: { query: Query; filters: Filter[]; children?: preact.ComponentChildren }) {
  const isUsed = ({ name }: Filter) => Boolean(query.values[name]);
  const used = filters.some(isUsed);
  const [shown, rest] = filters.length > ALWAYS_SHOWN + 1 ? [filters.slice(0, ALWAYS_SHOWN), filters.slice(ALWAYS_SHOWN)] : [filters, []];
  const id = useId();
  const [open, setOpen] = useState(() => rest.some(isUsed));
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      {shown.map((filter) => (
        <One key={filter.name} query={query} filter={filter} />
      ))}
      {rest.length > 0 && (
        <>
          <Button class="fold" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
            {t(open ? "filters.less" : "filters.more")}
          </Button>
          <div id={id} class={open ? "rest" : "rest folded"}>
            {rest.map((filter) => (
              <One key={filter.name} query={query} filter={filter} />
            ))}
          </div>
        </>
      )}
      {(used || children) && (
        <div class="row">
          {used && (
            <Button onClick={() => query.set(Object.fromEntries(filters.map(({ name }) => [name, ""])))}>{t("filters.clear")}</Button>
          )}
          {children}
        </div>
      )}
    </form>
  );
}

function One({ query, filter }: { query: Query; filter: Filter }) {
  const value = query.values[filter.name] ?? "";
  if (filter.kind === "choice") {
    const options = [{ value: "", label: t("any") }, ...filter.options];
    return <Select label={filter.label} value={value} options={options} onValue={(next) => query.set({ [filter.name]: next })} />;
  }
  if (filter.kind === "time") {
    return (
      <Field
        label={filter.label}
        type="datetime-local"
        value={toLocal(value)}
        onValue={(next) => query.set({ [filter.name]: fromLocal(next) })}
      />
    );
  }
  return <Typed query={query} filter={filter} />;
}

function Typed({ query, filter }: { query: Query; filter: Filter & { kind: "text" } }) {
  const [typed, setTyped] = useTyped(query, filter.name);
  return (
    <Field
      label={filter.label}
      type={filter.search ? "search" : "text"}
      inputMode={filter.number ? "numeric" : "text"}
      value={typed}
      spellcheck={false}
      autocapitalize="none"
      autocomplete="off"
      onValue={(next) => setTyped(filter.number ? next.replace(/\D/g, "") : next)}
    />
  );
}

/** The values of these filters, for a request: those that are set. */
export function chosen(query: Query, filters: Filter[]): Record<string, string | undefined> {
  return Object.fromEntries(filters.map(({ name }) => [name, query.values[name]]));
}

/** A JSON object while it is edited: as rows of names and values, or as JSON text. */
export type Draft = { mode: "rows"; rows: Row[] } | { mode: "raw"; text: string };

/** What sort of value a row has. */
export type Kind = "text" | "number" | "boolean" | "json";

/** One member of the object. */
export interface Row {
  /** For the list on the page; names may be the same while they are typed. */
  id: number;
  key: string;
  kind: Kind;
  /** The value as it is typed. */
  text: string;
}

type Json = Record<string, unknown>;

/** What is wrong, and where: `row` is a row's id, undefined for JSON text. */
export interface Misfit {
  row?: number;
  at: "key" | "value";
  why: "empty" | "twice" | "not_number" | "not_json" | "not_object";
}

let count = 0;

/** A new row, as it is put under the others. */
export function newRow(): Row {
  count += 1;
  return { id: count, key: "", kind: "text", text: "" };
}

/** An object as rows. */
export function rowsOf(value: Json): Draft {
  return { mode: "rows", rows: Object.entries(value).map(([key, one]) => ({ ...newRow(), key, ...typed(one) })) };
}

/** An object as JSON text. */
export function rawOf(value: Json): Draft {
  return { mode: "raw", text: JSON.stringify(value, null, 2) };
}

function typed(value: unknown): { kind: Kind; text: string } {
  if (typeof value === "string") return { kind: "text", text: value };
  if (typeof value === "number") return { kind: "number", text: String(value) };
  if (typeof value === "boolean") return { kind: "boolean", text: String(value) };
  return { kind: "json", text: JSON.stringify(value) };
}

/** The object that a draft says, or all that is wrong with it. */
export function read(draft: Draft): { value: Json } | { misfits: Misfit[] } {
  if (draft.mode === "raw") return readRaw(draft.text);
  const value: Json = {};
  const misfits: Misfit[] = [];
  for (const row of draft.rows) {
    const key = row.key.trim();
    if (key === "") misfits.push({ row: row.id, at: "key", why: "empty" });
    else if (Object.hasOwn(value, key)) misfits.push({ row: row.id, at: "key", why: "twice" });
    const [one, why] = valueOf(row);
    if (why) misfits.push({ row: row.id, at: "value", why });
    // Also a member that is called `__proto__` is one like any other.
    Object.defineProperty(value, key, { value: one, enumerable: true, configurable: true, writable: true });
  }
  return misfits.length > 0 ? { misfits } : { value };
}

function readRaw(text: string): { value: Json } | { misfits: Misfit[] } {
  const [value, why] = parsed(text);
  if (why) return { misfits: [{ at: "value", why }] };
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? { value: value as Json } : { misfits: [{ at: "value", why: "not_object" }] };
}

function valueOf({ kind, text }: Row): [unknown, Misfit["why"]?] {
  if (kind === "text") return [text];
  if (kind === "boolean") return [text === "true"];
  if (kind === "json") return parsed(text);
  const number = Number(text);
  return text.trim() === "" || !Number.isFinite(number) ? [undefined, "not_number"] : [number];
}

function parsed(text: string): [unknown, Misfit["why"]?] {
  try {
    return [JSON.parse(text) as unknown];
  } catch {
    return [undefined, "not_json"];
  }
}

/** A row with another sort of value; what was typed stays where it can. */
export function withKind(row: Row, kind: Kind): Row {
  if (kind === "boolean") return { ...row, kind, text: row.text === "true" ? "true" : "false" };
  if (kind === "json" && row.kind === "text") return { ...row, kind, text: JSON.stringify(row.text) };
  return { ...row, kind };
}

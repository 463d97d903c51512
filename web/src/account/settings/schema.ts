import { readable, t } from "../text.ts";

/** What the pages understand of a setting's JSON Schema. Everything else is edited as JSON. */
export interface Property {
  type?: string | string[];
  enum?: unknown[];
  title?: string;
  description?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
}

/** How a setting is edited. */
export type Control = "enum" | "text" | "boolean" | "number" | "json";

/** One setting. */
export interface Setting {
  key: string;
  label: string;
  hint: string | undefined;
  group: string;
  control: Control;
  property: Property;
}

/** So many names with the same last word are a group of their own. */
const ENOUGH = 3;

/** The settings that a schema describes, in its order. */
export function settingsOf(schema: unknown): Setting[] {
  const properties = isRecord(schema) && isRecord(schema.properties) ? schema.properties : {};
  const names = Object.keys(properties);
  return names.map((key) => {
    const property: Property = isRecord(properties[key]) ? properties[key] : {};
    const control = controlOf(property);
    return { key, ...wordsOf(key, property), group: groupOf(key, control, names), control, property };
  });
}

function controlOf({ type, enum: choices }: Property): Control {
  if (choices) return "enum";
  if (type === "string") return "text";
  if (type === "boolean") return "boolean";
  return type === "integer" || type === "number" ? "number" : "json";
}

/** A translation goes first: title and description are in the one language of whoever wrote the schema. */
function wordsOf(key: string, { title, description }: Property): { label: string; hint: string | undefined } {
  const known = t.find(`setting.${key}`);
  if (known !== undefined) return { label: known, hint: t.find(`setting.${key}.hint`) };
  return { label: title ?? readable(key), hint: description };
}

function groupOf(key: string, control: Control, names: string[]): string {
  const last = key.split("_").at(-1)!;
  if (key !== last && names.filter((name) => name.endsWith(`_${last}`)).length >= ENOUGH) return last;
  return control === "json" ? "json" : "general";
}

/** The value as it is edited. */
export function draftOf(control: Control, value: unknown): string {
  if (control === "text") return typeof value === "string" ? value : "";
  if (control === "json") return JSON.stringify(value, null, 2);
  return control === "number" ? String(value) : JSON.stringify(value);
}

/** The value that is meant, or what is wrong with it. */
export function valueOf({ control, property }: Setting, draft: string): { value: unknown } | { wrong: string } {
  if (control === "text") return { value: draft };
  if (control === "number") return numberOf(property, draft);
  try {
    return { value: JSON.parse(draft) as unknown };
  } catch {
    return { wrong: t("object.wrong.not_json") };
  }
}

function numberOf({ type, minimum, maximum }: Property, draft: string): { value: number } | { wrong: string } {
  const value = Number(draft);
  if (draft.trim() === "" || !Number.isFinite(value)) return { wrong: t("object.wrong.not_number") };
  if (type === "integer" && !Number.isInteger(value)) return { wrong: t("settings.not_integer") };
  if (minimum !== undefined && value < minimum) return { wrong: t("settings.minimum", { minimum }) };
  if (maximum !== undefined && value > maximum) return { wrong: t("settings.maximum", { maximum }) };
  return { value };
}

/** Whether two values are the same JSON; the order of members is of no importance. */
export function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, at) => same(one, b[at]));
  if (!isRecord(a) || !isRecord(b)) return a === b;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import { useId, useRef, useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Area, Field, Select } from "../../parts/field.tsx";
import { common } from "../../shell/texts.ts";
import { t } from "../text.ts";
import { type Draft, type Kind, type Misfit, type Row, newRow, rawOf, read, rowsOf, withKind } from "./object-draft.ts";

const KINDS: Kind[] = ["text", "number", "boolean", "json"];

/** Edits a JSON object: row by row, or as JSON. What is wrong stands where it is wrong once `checked`. */
export function ObjectEditor({
  label,
  hint,
  draft,
  checked,
  refused,
  onDraft,
}: {
  label: string;
  hint: string;
  draft: Draft;
  checked: boolean;
  /** What the server has said against it. */
  refused?: string | undefined;
  onDraft: (draft: Draft) => void;
}) {
  const id = useId();
  const box = useRef<HTMLFieldSetElement>(null);
  const [blocked, setBlocked] = useState(false);
  const result = read(draft);
  const misfits = (checked || blocked) && "misfits" in result ? result.misfits : [];
  const turn = () => {
    // What cannot be read would be lost.
    setBlocked("misfits" in result);
    if ("value" in result) onDraft(draft.mode === "rows" ? rawOf(result.value) : rowsOf(result.value));
  };
  const setRows = (rows: Row[]) => onDraft({ mode: "rows", rows });
  const add = () => {
    if (draft.mode === "rows") setRows([...draft.rows, newRow()]);
    setTimeout(() => [...(box.current?.querySelectorAll<HTMLElement>(".member") ?? [])].at(-1)?.querySelector("input")?.focus());
  };
  return (
    <fieldset ref={box} tabIndex={-1} class="object stack" aria-describedby={`${id}-hint`}>
      <legend>{label}</legend>
      <span class="muted small" id={`${id}-hint`}>
        {hint}
      </span>
      {draft.mode === "raw" ? (
        <Area
          label={t("object.json")}
          code
          value={draft.text}
          wrong={words(misfits[0]) ?? refused}
          onValue={(text) => onDraft({ mode: "raw", text })}
        />
      ) : (
        <Rows rows={draft.rows} misfits={misfits} onRows={setRows} />
      )}
      {draft.mode === "rows" && refused && <span class="wrong">{refused}</span>}
      <div class="row">
        {draft.mode === "rows" && (
          <Button class="slim" onClick={add}>
            {t("object.add")}
          </Button>
        )}
        <Button kind="plain" class="slim" onClick={turn}>
          {t(draft.mode === "rows" ? "object.to_raw" : "object.to_rows")}
        </Button>
      </div>
    </fieldset>
  );
}

function Rows({ rows, misfits, onRows }: { rows: Row[]; misfits: Misfit[]; onRows: (rows: Row[]) => void }) {
  const list = useRef<HTMLDivElement>(null);
  const change = (row: Row) => onRows(rows.map((one) => (one.id === row.id ? row : one)));
  const wrong = (row: Row, at: Misfit["at"]) => words(misfits.find((one) => one.row === row.id && one.at === at));
  const remove = (row: Row) => {
    onRows(rows.filter((one) => one !== row));
    // The button that was pressed is gone.
    list.current?.closest("fieldset")?.focus();
  };
  return (
    <div class="stack" ref={list}>
      {rows.length === 0 && <p class="muted">{t("object.empty")}</p>}
      {rows.map((row) => (
        <div class="member" key={row.id} role="group" aria-label={row.key || t("object.unnamed")}>
          <Field label={t("object.key")} value={row.key} wrong={wrong(row, "key")} onValue={(key) => change({ ...row, key })} />
          <Select
            label={t("object.kind")}
            value={row.kind}
            options={KINDS.map((kind) => ({ value: kind, label: t(`object.kind.${kind}`) }))}
            onValue={(kind) => change(withKind(row, kind as Kind))}
          />
          <Value row={row} wrong={wrong(row, "value")} onText={(text) => change({ ...row, text })} />
          <Button class="remove" aria-label={t("object.remove.of", { key: row.key })} onClick={() => remove(row)}>
            {t("object.remove")}
          </Button>
        </div>
      ))}
    </div>
  );
}

function Value({ row, wrong, onText }: { row: Row; wrong: string | undefined; onText: (text: string) => void }) {
  const label = t("object.value");
  if (row.kind === "boolean") {
    const options = [true, false].map((one) => ({ value: String(one), label: common(one ? "yes" : "no") }));
    return <Select label={label} value={row.text} options={options} onValue={onText} />;
  }
  const inputMode = row.kind === "number" ? "numeric" : undefined;
  if (row.kind === "number") return <Field label={label} value={row.text} inputMode={inputMode} wrong={wrong} onValue={onText} />;
  return <Area label={label} code={row.kind === "json"} value={row.text} wrong={wrong} onValue={onText} />;
}

function words(misfit: Misfit | undefined): string | undefined {
  return misfit && t(`object.wrong.${misfit.why}`);
}

import { useId } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Area, Check, Field, Select } from "../../parts/field.tsx";
import { t } from "../text.ts";
import { type Setting, draftOf } from "./schema.ts";

/** Edits one setting, in the way that fits its type. */
export function SettingField({
  setting,
  draft,
  wrong,
  onDraft,
}: {
  setting: Setting;
  draft: string;
  wrong: string | undefined;
  onDraft: (draft: string) => void;
}) {
  const { label, property, control } = setting;
  const standard = draftOf(control, property.default);
  return (
    <div class="setting">
      <Control setting={setting} draft={draft} wrong={wrong} onDraft={onDraft} />
      {property.default !== undefined && draft !== standard && (
        <Button kind="plain" class="slim" aria-label={t("settings.default.of", { name: label })} onClick={() => onDraft(standard)}>
          {t("settings.default")}
        </Button>
      )}
    </div>
  );
}

function Control({
  setting: { control, label, hint, property },
  draft,
  wrong,
  onDraft,
}: {
  setting: Setting;
  draft: string;
  wrong: string | undefined;
  onDraft: (draft: string) => void;
}) {
  const id = useId();
  const field = { label, hint, wrong, value: draft, onValue: onDraft };
  switch (control) {
    case "enum": {
      const options = (property.enum ?? []).map((one) => ({
        value: JSON.stringify(one),
        label: typeof one === "string" ? one : JSON.stringify(one),
      }));
      return <Select label={label} hint={hint} value={draft} options={options} onValue={onDraft} />;
    }
    case "boolean":
      return (
        <div class="field">
          <Check label={label} checked={draft === "true"} described={hint && id} onChecked={(on) => onDraft(String(on))} />
          {hint && (
            <span class="hint" id={id}>
              {hint}
            </span>
          )}
          {wrong && <span class="wrong">{wrong}</span>}
        </div>
      );
    case "number":
      return <Field {...field} inputMode="numeric" />;
    case "text":
      return <Field {...field} spellcheck={false} autocapitalize="none" />;
    case "json":
      return <Area {...field} code />;
  }
}

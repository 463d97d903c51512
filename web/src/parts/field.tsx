import { useId, useState } from "preact/hooks";

import { common } from "../shell/texts.ts";
import { Button } from "./button.tsx";

/** What an input can be told besides; as in HTML. */
interface Input {
  name?: string;
  type?: "text" | "email" | "password" | "search" | "url" | "number" | "datetime-local" | "date";
  autocomplete?: string;
  autoFocus?: boolean;
  required?: boolean;
  disabled?: boolean;
  readOnly?: boolean;
  inputMode?: "text" | "numeric" | "email" | "search";
  maxLength?: number;
  placeholder?: string;
  spellcheck?: boolean;
  autocapitalize?: "none" | "words";
  onBlur?: () => void;
}

/** A labelled input with a hint, and with what is wrong with it. */
export function Field({
  label,
  hint,
  wrong,
  value,
  onValue,
  type = "text",
  ...rest
}: Input & {
  label: string;
  hint?: string | undefined;
  wrong?: string | undefined;
  value: string;
  onValue: (value: string) => void;
}) {
  const id = useId();
  const [shown, setShown] = useState(false);
  const secret = type === "password";
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ");
  // The types of attributes depend on the type of input, which is only known at run time here.
  const attributes: Record<string, unknown> = { ...rest, type: secret && shown ? "text" : type };
  const input = (
    <input
      {...attributes}
      id={id}
      class="input"
      value={value}
      aria-invalid={wrong ? "true" : undefined}
      aria-describedby={described || undefined}
      onInput={(event) => onValue(event.currentTarget.value)}
    />
  );
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {secret ? (
        <div class="with-button">
          {input}
          <Button class="slim" aria-pressed={shown} aria-controls={id} onClick={() => setShown(!shown)}>
            {common(shown ? "hide_password" : "show_password")}
          </Button>
        </div>
      ) : (
        input
      )}
      {hint && (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {wrong && (
        <span class="wrong" id={`${id}-wrong`}>
          {wrong}
        </span>
      )}
    </div>
  );
}

/** A labelled text of several lines. `code` is for what is not prose. */
export function Area({
  label,
  hint,
  wrong,
  value,
  onValue,
  code = false,
  ...rest
}: Input & {
  label: string;
  hint?: string | undefined;
  wrong?: string | undefined;
  value: string;
  onValue: (value: string) => void;
  code?: boolean;
}) {
  const id = useId();
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ");
  const attributes: Record<string, unknown> = rest;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        {...attributes}
        id={id}
        class={code ? "input code" : "input"}
        spellcheck={code ? false : rest.spellcheck}
        value={value}
        aria-invalid={wrong ? "true" : undefined}
        aria-describedby={described || undefined}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      {hint && (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {wrong && (
        <span class="wrong" id={`${id}-wrong`}>
          {wrong}
        </span>
      )}
    </div>
  );
}

/** A box to tick. */
export function Check({
  label,
  checked,
  described,
  onChecked,
}: {
  label: string;
  checked: boolean;
  /** The id of what describes it. */
  described?: string | undefined;
  onChecked: (on: boolean) => void;
}) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} aria-describedby={described} onChange={(event) => onChecked(event.currentTarget.checked)} />
      {label}
    </label>
  );
}

/** A choice of one out of several. */
export function Select({
  label,
  hint,
  value,
  options,
  onValue,
}: {
  label: string;
  hint?: string | undefined;
  value: string;
  options: { value: string; label: string; disabled?: boolean }[];
  onValue: (value: string) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        class="input"
        value={value}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onValue(event.currentTarget.value)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </select>
      {hint && (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}

import { type Answer, Problem } from "@durward/client";
import { useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Area, Field } from "../../parts/field.tsx";
import { Form } from "../../parts/form.tsx";
import { Busy, Failure, Notice } from "../../parts/notice.tsx";
import { useAction, useLoaded } from "../../parts/use.ts";
import { announce } from "../../shell/announce.ts";
import { server } from "../../shell/server.ts";
import { common } from "../../shell/texts.ts";
import { Card } from "../card.tsx";
import type { SectionProps } from "../sections.ts";
import { t } from "../text.ts";
import { type Draft, read, rowsOf } from "./object-draft.ts";
import { ObjectEditor } from "./object-editor.tsx";

type Told = Answer<"get", "/api/v1/profile">;

const TEXTS = ["mission_statement", "reflective_coach_summary"] as const;
const OBJECTS = ["work_style_preferences", "productivity_patterns", "personal_goals"] as const;
/** What the server takes: characters of a name, bytes of a text. */
const LONGEST = { full_name: 200, text: 16 * 1024 };

type Texts = Record<"full_name" | (typeof TEXTS)[number], string>;
type Objects = Record<(typeof OBJECTS)[number], Draft>;

/** What users tell about themselves. */
export function Profile({ onChanged }: SectionProps) {
  const loaded = useLoaded((signal) => server.get("/api/v1/profile", { signal }), []);
  if (loaded.problem !== undefined) return <Failure problem={loaded.problem} again={() => void loaded.reload()} />;
  if (!loaded.data) return <Busy />;
  const saved = (told: Told) => {
    loaded.set(told);
    onChanged();
  };
  return (
    <Card title={t("profile.heading")}>
      <p>{t("profile.text")}</p>
      <Editor told={loaded.data} onSaved={saved} />
    </Card>
  );
}

function Editor({ told, onSaved }: { told: Told; onSaved: (told: Told) => void }) {
  const [texts, setTexts] = useState(() => textsOf(told));
  const [objects, setObjects] = useState(() => objectsOf(told));
  const [checked, setChecked] = useState(false);
  const [done, setDone] = useState(false);
  const save = useAction(async (changes: Record<string, unknown>) => onSaved(await server.put("/api/v1/profile", { body: changes })));
  const problem = save.problem;
  const refused = (name: string) =>
    problem instanceof Problem ? problem.errors.find(({ pointer }) => pointer.split("/")[1] === name)?.detail : undefined;
  const fits = (name: keyof Texts) => (checked ? tooLong(name, texts[name]) : undefined) ?? refused(name);
  const submit = async () => {
    setDone(false);
    const changes = changesOf(told, texts, objects);
    setChecked(true);
    if (!changes || !(await save.run(changes))) return false;
    setChecked(false);
    setDone(true);
    announce(common("saved"));
    return true;
  };
  const text = (name: keyof Texts) => ({
    label: t(`profile.${name}`),
    value: texts[name],
    wrong: fits(name),
    onValue: (value: string) => setTexts({ ...texts, [name]: value }),
  });
  return (
    <Form onSubmit={submit}>
      {problem !== undefined && !(problem instanceof Problem && problem.errors.length > 0) && <Failure problem={problem} />}
      <Field {...text("full_name")} autocomplete="name" autocapitalize="words" />
      {TEXTS.map((name) => (
        <Area key={name} {...text(name)} hint={t(`profile.${name}.hint`)} />
      ))}
      {OBJECTS.map((name) => (
        <ObjectEditor
          key={name}
          label={t(`profile.${name}`)}
          hint={t(`profile.${name}.hint`)}
          draft={objects[name]}
          checked={checked}
          refused={refused(name)}
          onDraft={(draft) => setObjects({ ...objects, [name]: draft })}
        />
      ))}
      {done && <Notice kind="good">{common("saved")}</Notice>}
      <div class="row">
        <Button kind="primary" type="submit" busy={save.busy}>
          {common("save")}
        </Button>
      </div>
    </Form>
  );
}

function textsOf({ user, profile }: Told): Texts {
  return {
    full_name: user.full_name ?? "",
    mission_statement: profile.mission_statement ?? "",
    reflective_coach_summary: profile.reflective_coach_summary ?? "",
  };
}

function objectsOf({ profile }: Told): Objects {
  const [work, patterns, goals] = OBJECTS.map((name) => rowsOf(profile[name])) as [Draft, Draft, Draft];
  return { work_style_preferences: work, productivity_patterns: patterns, personal_goals: goals };
}

function tooLong(name: keyof Texts, text: string): string | undefined {
  if (name === "full_name")
    return [...text].length > LONGEST.full_name ? t("profile.name_too_long", { count: LONGEST.full_name }) : undefined;
  return new TextEncoder().encode(text).length > LONGEST.text ? t("profile.text_too_long") : undefined;
}

/** What is different from what the server has told; undefined where something cannot be sent. */
function changesOf(told: Told, texts: Texts, objects: Objects): Record<string, unknown> | undefined {
  const changes: Record<string, unknown> = {};
  const before = textsOf(told);
  for (const name of ["full_name", ...TEXTS] as const) {
    if (tooLong(name, texts[name])) return undefined;
    if (texts[name] !== before[name]) changes[name] = texts[name].trim() === "" ? null : texts[name];
  }
  for (const name of OBJECTS) {
    const result = read(objects[name]);
    if ("misfits" in result) return undefined;
    if (JSON.stringify(result.value) !== JSON.stringify(told.profile[name])) changes[name] = result.value;
  }
  return changes;
}

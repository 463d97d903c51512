import { Problem } from "@durward/client";
import { useMemo, useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { Form } from "../../parts/form.tsx";
import { Busy, Failure, Notice } from "../../parts/notice.tsx";
import { useAction, useLoaded } from "../../parts/use.ts";
import { announce } from "../../shell/announce.ts";
import { server } from "../../shell/server.ts";
import { common } from "../../shell/texts.ts";
import { Card } from "../card.tsx";
import { readable, t } from "../text.ts";
import { type Setting, draftOf, same, settingsOf, valueOf } from "./schema.ts";
import { SettingField } from "./setting-field.tsx";

type Values = Record<string, unknown>;

/** The settings, as the server's schema describes them. */
export function Settings() {
  const schema = useLoaded((signal) => server.get("/api/v1/settings/schema", { signal }), []);
  const values = useLoaded((signal) => server.get("/api/v1/settings", { signal }), []);
  const problem = schema.problem ?? values.problem;
  const settings = useMemo(() => settingsOf(schema.data), [schema.data]);
  const again = () => {
    void schema.reload();
    void values.reload();
  };
  if (problem !== undefined) return <Failure problem={problem} again={again} />;
  if (!schema.data || !values.data) return <Busy />;
  if (settings.length === 0) return <p class="muted">{t("settings.none")}</p>;
  return <Editor settings={settings} values={values.data} onSaved={values.set} />;
}

function Editor({ settings, values, onSaved }: { settings: Setting[]; values: Values; onSaved: (values: Values) => void }) {
  /** Only what somebody has touched. */
  const [drafts, setDrafts] = useState<Record<string, string>>({});
  const [search, setSearch] = useState("");
  const [checked, setChecked] = useState(false);
  const [done, setDone] = useState(false);
  const save = useAction(async (changes: Values) => onSaved(await server.put("/api/v1/settings", { body: changes })));
  const { changes, wrong } = compare(settings, values, drafts);
  const count = Object.keys(changes).length + Object.keys(wrong).length;
  const refused = (key: string) =>
    save.problem instanceof Problem ? save.problem.errors.find(({ pointer }) => pointer.split("/")[1] === key)?.detail : undefined;
  const named = settings.some(({ key }) => refused(key));
  const found = settings.filter((setting) => matches(setting, search));
  const submit = async () => {
    setChecked(true);
    setDone(false);
    if (Object.keys(wrong).length > 0) {
      // What is wrong may be among those that the search hides.
      setSearch("");
      return false;
    }
    if (!(await save.run(changes))) return false;
    setDrafts({});
    setChecked(false);
    setDone(true);
    announce(common("saved"));
    return true;
  };
  const draft = (key: string, text: string) => {
    setDone(false);
    setDrafts({ ...drafts, [key]: text });
  };
  return (
    <Form onSubmit={submit}>
      <Field label={t("settings.search")} type="search" value={search} onValue={setSearch} />
      <p class="muted small" role="status">
        {search === "" ? t.count("settings.all", settings.length) : t.count("settings.found", found.length)}
      </p>
      {save.problem !== undefined && !named && <Failure problem={save.problem} />}
      {groups(found).map(([group, members]) => (
        <Card key={group} title={t.find(`settings.group.${group}`) ?? readable(group)}>
          <div class="settings">
            {members.map((setting) => (
              <SettingField
                key={setting.key}
                setting={setting}
                draft={drafts[setting.key] ?? draftOf(setting.control, values[setting.key])}
                wrong={(checked ? wrong[setting.key] : undefined) ?? refused(setting.key)}
                onDraft={(text) => draft(setting.key, text)}
              />
            ))}
          </div>
        </Card>
      ))}
      {done && <Notice kind="good">{common("saved")}</Notice>}
      <div class="save-bar row">
        <Button kind="primary" type="submit" busy={save.busy} disabled={count === 0}>
          {common("save")}
        </Button>
        {count > 0 && <Button onClick={() => setDrafts({})}>{t("settings.discard")}</Button>}
        <span class="muted" role="status">
          {count > 0 && t.count("settings.changed", count)}
        </span>
      </div>
    </Form>
  );
}

/** What has been changed, and what of it cannot be sent. */
function compare(settings: Setting[], values: Values, drafts: Record<string, string>) {
  const changes: Values = {};
  const wrong: Record<string, string> = {};
  for (const setting of settings) {
    const draft = drafts[setting.key];
    if (draft === undefined) continue;
    const meant = valueOf(setting, draft);
    if ("wrong" in meant) wrong[setting.key] = meant.wrong;
    else if (!same(meant.value, values[setting.key])) changes[setting.key] = meant.value;
  }
  return { changes, wrong };
}

function matches({ key, label, hint }: Setting, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${key} ${label} ${hint ?? ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function groups(settings: Setting[]): [string, Setting[]][] {
  const found = new Map<string, Setting[]>();
  for (const setting of settings) found.set(setting.group, [...(found.get(setting.group) ?? []), setting]);
  return [...found];
}

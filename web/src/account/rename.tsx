import { Problem } from "@durward/client";
import { useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Field } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { Failure } from "../parts/notice.tsx";
import { useAction } from "../parts/use.ts";
import { announce } from "../shell/announce.ts";
import { common } from "../shell/texts.ts";
import { t } from "./text.ts";

/** Asks for another name; closes when it has been taken. */
export function RenameDialog({
  name,
  onRename,
  onClose,
}: {
  name: string;
  onRename: (name: string) => Promise<void>;
  onClose: () => void;
}) {
  const [wanted, setWanted] = useState(name);
  const [empty, setEmpty] = useState(false);
  const rename = useAction(onRename);
  const refused = rename.problem instanceof Problem && rename.problem.field("name") !== undefined;
  const submit = async () => {
    setEmpty(wanted.trim() === "");
    if (wanted.trim() === "" || !(await rename.run(wanted.trim()))) return false;
    announce(common("saved"));
    onClose();
    return true;
  };
  return (
    <Dialog title={t("rename.of", { name })} onClose={onClose}>
      <Form onSubmit={submit}>
        {rename.problem !== undefined && !refused && <Failure problem={rename.problem} />}
        <Field
          label={t("name")}
          maxLength={100}
          autoFocus
          value={wanted}
          onValue={setWanted}
          wrong={empty ? common("required") : refused ? t("rename.refused") : undefined}
        />
        <div class="row">
          <Button kind="primary" type="submit" busy={rename.busy}>
            {common("save")}
          </Button>
          <Button onClick={onClose}>{common("cancel")}</Button>
        </div>
      </Form>
    </Dialog>
  );
}

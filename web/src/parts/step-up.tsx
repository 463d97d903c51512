import { Problem, passkeys } from "@durward/client";
import { useEffect, useRef, useState } from "preact/hooks";

import { boot } from "../shell/boot.ts";
import { server } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { Field } from "./field.tsx";
import { Failure } from "./notice.tsx";
import { showOverlay } from "./overlay.tsx";
import { Cancelled, useAction, useLoaded } from "./use.ts";

/**
 * Makes a call that may need a recent authentication. Where the server answers `reauthentication_required` a dialog asks to show
 * again who one is, by password, code or passkey, whichever the user has; then the call is made once more.
 *
 * ```ts
 * const remove = useAction(() => withStepUp(() => server.delete("/api/v1/passkeys/{id}", { path: { id } })));
 * ```
 *
 * Nothing has to be on the page for it: the dialog comes over whatever there is.
 *
 * @returns what the call gives.
 * @throws Cancelled when the dialog was closed: nothing was changed, and `useAction` shows nothing.
 * @throws what the call throws otherwise.
 */
export async function withStepUp<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.code !== "reauthentication_required") throw problem;
  }
  await showAgain();
  return call();
}

/** One dialog at a time: calls that come together wait for the same. */
let asking: Promise<void> | undefined;

function showAgain(): Promise<void> {
  asking ??= new Promise<void>((done, cancelled) => {
    const close = () => {
      showOverlay(null);
      asking = undefined;
    };
    const onDone = () => {
      close();
      done();
    };
    const onClose = () => {
      close();
      cancelled(new Cancelled());
    };
    showOverlay(<StepUp onDone={onDone} onClose={onClose} />);
  });
  return asking;
}

type Way = "password" | "totp";

function StepUp({ onDone, onClose }: { onDone: () => void; onClose: () => void }) {
  const factors = useLoaded((signal) => server.get("/api/v1/2fa", { signal }), []);
  const [way, setWay] = useState<Way>("password");
  const other: Way = way === "password" ? "totp" : "password";
  const hasPasskey = boot.features.passkeys && passkeys.supported() && (factors.data?.passkeys ?? 0) > 0;
  const passkey = useAction(() => passkeys.reauthenticate(server));
  const withPasskey = async () => {
    if (await passkey.run()) onDone();
  };
  return (
    <Dialog title={common("step_up.title")} onClose={onClose}>
      <p>{common("step_up.text")}</p>
      <Typed key={way} way={way} onDone={onDone} onClose={onClose} />
      {passkey.problem !== undefined && <Failure problem={passkey.problem} />}
      {hasPasskey && (
        <Button class="wide" busy={passkey.busy} onClick={() => void withPasskey()}>
          {common("step_up.with_passkey")}
        </Button>
      )}
      {factors.data?.totp.enabled && (
        <Button kind="plain" class="wide" onClick={() => setWay(other)}>
          {common(`step_up.with_${other}`)}
        </Button>
      )}
    </Dialog>
  );
}

/** The password or a code, as a form. */
function Typed({ way, onDone, onClose }: { way: Way; onDone: () => void; onClose: () => void }) {
  const [value, setValue] = useState("");
  const [empty, setEmpty] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const focus = () => form.current?.querySelector("input")?.focus();
  useEffect(focus, []);
  const password = way === "password";
  const body = password ? { password: value } : { method: "totp" as const, code: value };
  const send = useAction(() => server.post("/api/v1/auth/reauthenticate", { body }));
  const refused = send.problem instanceof Problem && send.problem.status === 401 ? send.problem : undefined;
  let wrong = refused && common(password ? "step_up.wrong_password" : "problem.invalid_second_factor");
  if (empty) wrong = common("required");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setEmpty(value === "");
    if (value !== "" && (await send.run())) onDone();
    else focus();
  };
  return (
    <form ref={form} class="stack" noValidate onSubmit={(event) => void submit(event)}>
      {send.problem !== undefined && !refused && <Failure problem={send.problem} />}
      <Field
        key={way}
        label={password ? common("password") : common("step_up.code")}
        type={password ? "password" : "text"}
        inputMode={password ? undefined : "numeric"}
        autocomplete={password ? "current-password" : "one-time-code"}
        autoFocus
        value={value}
        onValue={setValue}
        wrong={wrong}
      />
      <div class="row">
        <Button kind="primary" type="submit" busy={send.busy}>
          {common("step_up.go")}
        </Button>
        <Button onClick={onClose}>{common("cancel")}</Button>
      </div>
    </form>
  );
}

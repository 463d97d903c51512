import { Problem, passkeys } from "@durward/client";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Check } from "../parts/field.tsx";
import { Failure } from "../parts/notice.tsx";
import { announce } from "../shell/announce.ts";
import { boot } from "../shell/boot.ts";
import { Heading } from "../shell/frame.tsx";
import { explain } from "../shell/server.ts";
import { CodeForm } from "./code.tsx";
import type { StepProps } from "./flow.tsx";
import { say } from "./texts.ts";
import { useVerify } from "./verify.ts";

/** The second step: one of the factors that somebody has, what they like best first. */
export function Challenge(props: StepProps) {
  const { wanted, email, onOver } = props;
  // A passkey that was not accepted cannot be shown to the same question again.
  const [methods, setMethods] = useState(wanted.methods);
  const [method, setMethod] = useState(methods.find((one) => one !== "passkey" || passkeys.supported()) ?? methods[0]!);
  const [trust, setTrust] = useState(false);
  const verify = useVerify(props);
  useEffect(() => announce(say("second.heading")), []);

  const showPasskey = async () => {
    const { ceremony_id, publicKey } = wanted.passkey!;
    const credential = await passkeys.answerChallenge(publicKey);
    return { method: "passkey" as const, ceremony_id, credential, trust_device: trust };
  };
  const refused = verify.problem instanceof Problem && verify.problem.code === "invalid_passkey";
  useEffect(() => {
    if (!refused) return;
    const left = methods.filter((one) => one !== "passkey");
    if (!left[0]) return onOver(explain(verify.problem));
    setMethods(left);
    setMethod(left[0]);
  }, [refused]);

  const trustable = boot.features.trustDevice && method !== "email_code";
  const check = trustable && <Check label={say("second.trust")} checked={trust} onChecked={setTrust} />;
  return (
    <>
      <Heading>{say("second.heading")}</Heading>
      {method === "passkey" ? (
        <PasskeyStep busy={verify.busy} problem={verify.problem} onUse={() => void verify.run(showPasskey)}>
          {check}
        </PasskeyStep>
      ) : (
        <CodeForm
          key={method}
          method={method}
          hint={method === "email_code" ? say("second.email_code.hint", { email }) : say(`second.${method}.hint`)}
          busy={verify.busy}
          problem={verify.problem}
          submit={say("continue")}
          onCode={(code) => verify.run(() => Promise.resolve({ method, code, trust_device: trust && trustable }))}
        >
          {check}
        </CodeForm>
      )}
      {methods.length > 1 && (
        <div class="stack tight">
          <h2 class="small muted">{say("second.other")}</h2>
          {methods
            .filter((one) => one !== method)
            .map((one) => (
              <Button
                key={one}
                class="wide"
                onClick={() => {
                  verify.clear();
                  setMethod(one);
                }}
              >
                {say(`second.${one}`)}
              </Button>
            ))}
        </div>
      )}
      <Button kind="plain" class="wide" onClick={() => onOver()}>
        {say("second.restart")}
      </Button>
    </>
  );
}

function PasskeyStep({
  busy,
  problem,
  onUse,
  children,
}: {
  busy: boolean;
  problem: unknown;
  onUse: () => void;
  children: ComponentChildren;
}) {
  const step = useRef<HTMLDivElement>(null);
  useEffect(() => step.current?.querySelector<HTMLElement>(".primary")?.focus(), []);
  return (
    <div class="stack" ref={step}>
      {problem !== undefined && <Failure problem={problem} />}
      <p>{say("second.passkey.hint")}</p>
      {children}
      <Button kind="primary" class="wide" busy={busy} onClick={onUse}>
        {say("second.passkey")}
      </Button>
    </div>
  );
}

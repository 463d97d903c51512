import { Button } from "../parts/button.tsx";
import { TotpSecret } from "../parts/totp-secret.tsx";
import { Heading } from "../shell/frame.tsx";
import { CodeForm } from "./code.tsx";
import type { StepProps } from "./flow.tsx";
import { say } from "./texts.ts";
import { useVerify } from "./verify.ts";

/** The second step of somebody who needs a second factor and has none: an authenticator app, by its first code. */
export function Setup(props: StepProps) {
  const verify = useVerify(props);
  return (
    <>
      <Heading>{say("setup.heading")}</Heading>
      <p>{say("setup.text")}</p>
      <TotpSecret setup={props.wanted.setup!} />
      <CodeForm
        method="totp"
        hint={say("setup.hint")}
        busy={verify.busy}
        problem={verify.problem}
        submit={say("continue")}
        onCode={(code) => verify.run(() => Promise.resolve({ method: "totp", code, trust_device: false }))}
      />
      <Button kind="plain" class="wide" onClick={() => props.onOver()}>
        {say("second.restart")}
      </Button>
    </>
  );
}

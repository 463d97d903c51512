import { Copy } from "../../parts/copy.tsx";
import { formatMicroseconds } from "../format.ts";
import { t, word } from "../texts.ts";
import type { Finding } from "../types.ts";
import { Sign } from "./sign.tsx";
import { Steps } from "./steps.tsx";

/** One check of the path: how it came out, what was found and expected, how to mend it, and how long it took. */
export function Station({ check }: { check: Finding }) {
  return (
    <li class={`station ${check.status}`} data-check={check.id}>
      <Sign status={check.status} />
      <div class="what">
        <h2>{word("check", check.id)}</h2>
        <p class="small">
          <b class="state">{t(`check.${check.status}`)}</b>
          {check.status !== "skipped" && (
            <span class="muted number"> · {check.took_ms < 1 ? t("check.quick") : formatMicroseconds(check.took_ms * 1_000)}</span>
          )}
        </p>
        <dl class="small">
          <dt>{t("check.found")}</dt>
          <dd lang="en">{check.found}</dd>
          <dt>{t("check.expected")}</dt>
          <dd lang="en">{check.expected}</dd>
        </dl>
        {check.id === "golden_path" && <Steps check={check} />}
        {check.cure && <Cure cure={check.cure} />}
      </div>
    </li>
  );
}

/** How to mend it. What stands between backticks is for the shell, and is copied by itself. */
function Cure({ cure }: { cure: string }) {
  const commands = [...cure.matchAll(/`([^`]+)`/g)].map((found) => found[1] ?? "");
  return (
    <div class="cure small">
      <b>{t("check.cure")}</b>
      <p lang="en">
        {cure.split(/(`[^`]+`)/).map((part, at) => (part.startsWith("`") ? <code key={at}>{part.slice(1, -1)}</code> : part))}
      </p>
      <Copy
        text={commands.length > 0 ? commands.join("\n") : cure}
        label={t(commands.length > 0 ? "check.copy_command" : "check.copy_cure")}
      />
    </div>
  );
}

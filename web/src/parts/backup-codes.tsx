import { boot } from "../shell/boot.ts";
import { common } from "../shell/texts.ts";
import { Button } from "./button.tsx";
import { Copy } from "./copy.tsx";
import { saveFile } from "./save.ts";

/** Backup codes, which are shown this once: to copy, to print and to download. `account` goes with them onto paper. */
export function BackupCodes({ codes, account }: { codes: string[]; account: string }) {
  const heading = common("backup_codes.heading", { site: boot.brand.name, account });
  const text = `${heading}\n\n${codes.join("\n")}\n`;
  const download = () => saveFile(new Blob([text], { type: "text/plain" }), `${common("backup_codes.file")}.txt`);
  return (
    <div class="stack">
      <p class="on-paper">{heading}</p>
      <ol class="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <div class="row not-on-paper">
        <Copy text={text} />
        <Button class="slim" onClick={() => window.print()}>
          {common("print")}
        </Button>
        <Button class="slim" onClick={download}>
          {common("download")}
        </Button>
      </div>
    </div>
  );
}

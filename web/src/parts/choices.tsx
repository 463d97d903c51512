import { useState } from "preact/hooks";

import { boot } from "../shell/boot.ts";
import { common } from "../shell/texts.ts";
import { type Theme, setLanguage, setTheme, theme } from "../shell/theme.ts";

/** The choice of language and of light or dark. */
export function Choices() {
  const [now, setNow] = useState<Theme>(theme);
  return (
    <div class="choices">
      {boot.languages.length > 1 && (
        <select aria-label={common("language")} value={boot.lang} onChange={(e) => setLanguage(e.currentTarget.value)}>
          {boot.languages.map(({ code, name }) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </select>
      )}
      <select
        aria-label={common("theme")}
        value={now}
        onChange={(e) => {
          const to = e.currentTarget.value as Theme;
          setTheme(to);
          setNow(to);
        }}
      >
        {(["auto", "light", "dark"] as const).map((one) => (
          <option key={one} value={one}>
            {common(`theme.${one}`)}
          </option>
        ))}
      </select>
    </div>
  );
}

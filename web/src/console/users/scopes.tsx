import { t } from "../texts.ts";

/** What a role may do, in words. */
export function ScopeList({ scopes }: { scopes: string[] }) {
  return (
    <ul class="scopes small">
      {scopes.map((scope) => (
        <li key={scope}>
          <code>{scope}</code> <span class="muted">{t.find(`scope.${scope}`) ?? t("scope.other")}</span>
        </li>
      ))}
    </ul>
  );
}

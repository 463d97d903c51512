import { LocationProvider, useLocation } from "preact-iso/router";
import { useEffect, useRef } from "preact/hooks";

import { Busy, Failure } from "../parts/notice.tsx";
import { useLoaded } from "../parts/use.ts";
import { Frame, Heading, type Me, whoAmI } from "../shell/frame.tsx";
import { signInUrl } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { sections } from "./sections.ts";
import { t } from "./text.ts";

/** The pages of a user's own account. Who is not signed in goes to sign in. */
export function Account() {
  const who = useLoaded(whoAmI, []);
  const nobody = who.data === null;
  useEffect(() => {
    if (nobody) location.replace(signInUrl());
  }, [nobody]);
  if (!who.data) {
    return (
      <main id="content" class="columns">
        <h1 class="unseen">{common("account")}</h1>
        {who.problem === undefined ? <Busy /> : <Failure problem={who.problem} again={() => void who.reload()} />}
      </main>
    );
  }
  return (
    <LocationProvider scope="/account">
      <Frame me={who.data} page="account">
        <Shown me={who.data} onChanged={() => void who.reload()} />
      </Frame>
    </LocationProvider>
  );
}

/** The section that the address names, beside the way to the others. */
function Shown({ me, onChanged }: { me: Me; onChanged: () => void }) {
  const { path } = useLocation();
  const first = useRef(path);
  const section = sections.find((one) => one.path === path);
  return (
    <div class="columns">
      <nav class="side" aria-label={t("sections")}>
        {sections.map((one) => (
          <a key={one.name} href={one.path} aria-current={one === section ? "page" : undefined}>
            {t(`title.${one.name}`)}
          </a>
        ))}
      </nav>
      <main id="content" class="stack" tabIndex={-1} key={path}>
        {/* Where the page begins the focus stays where the browser has it. */}
        <Heading focus={path !== first.current}>{section ? t(`title.${section.name}`) : common("not_found.title")}</Heading>
        {section ? <section.Shown me={me} onChanged={onChanged} /> : <p>{common("not_found.text")}</p>}
      </main>
    </div>
  );
}

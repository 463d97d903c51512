import { LocationProvider, Route, Router, useLocation } from "preact-iso";
import { useEffect, useState } from "preact/hooks";

import { Busy, Failure, Notice } from "../parts/notice.tsx";
import { useLoaded } from "../parts/use.ts";
import { Frame, Heading, type Me, whoAmI } from "../shell/frame.tsx";
import { signInUrl } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { WhoAmI } from "./me.ts";
import { SECTIONS, type Section, sectionsFor } from "./sections.tsx";
import { t, word } from "./texts.ts";
import { Title } from "./title.tsx";

/** The operator's console. */
export function Console() {
  const me = useLoaded(whoAmI, []);
  useEffect(() => {
    if (me.data === null) location.assign(signInUrl());
  }, [me.data]);
  if (me.problem)
    return (
      <Alone>
        <Failure problem={me.problem} again={me.reload} />
      </Alone>
    );
  if (!me.data)
    return (
      <Alone>
        <Busy />
      </Alone>
    );
  return (
    <LocationProvider scope="/console">
      <WhoAmI.Provider value={me.data}>
        <Frame me={me.data} page="console">
          <Body me={me.data} />
        </Frame>
      </WhoAmI.Provider>
    </LocationProvider>
  );
}

/** The page while it is not known who looks at it. */
function Alone({ children }: { children: preact.ComponentChildren }) {
  return (
    <main id="content" class="columns">
      <div class="stack">
        <Heading>{t("title")}</Heading>
        {children}
      </div>
    </main>
  );
}

function Body({ me }: { me: Me }) {
  const allowed = sectionsFor(me.scopes);
  if (allowed.length === 0) {
    return (
      <main id="content" class="columns">
        <div class="stack">
          <Heading>{t("title")}</Heading>
          <Notice kind="warn">{t("refused.all", { role: me.role })}</Notice>
        </div>
      </main>
    );
  }
  return (
    <div class="columns console">
      <Menu sections={allowed} />
      <main id="content" class="stack">
        <Pages me={me} allowed={allowed} />
      </main>
    </div>
  );
}

function Menu({ sections }: { sections: Section[] }) {
  const { path } = useLocation();
  const [open, setOpen] = useState(false);
  const current = path.split("/")[2] ?? "";
  useEffect(() => setOpen(false), [path]);
  return (
    <nav class="sections" aria-label={t("sections")}>
      <button type="button" class="button menu" aria-expanded={open} aria-controls="sections" onClick={() => setOpen(!open)}>
        {current ? word("section", current) : t("sections")}
        <span aria-hidden="true">{open ? "▴" : "▾"}</span>
      </button>
      <ul id="sections" class={open ? "side open" : "side"}>
        {sections.map(({ name }) => (
          <li key={name}>
            <a href={`/console/${name}`} aria-current={name === current ? "page" : undefined}>
              {t(`section.${name}`)}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Pages({ me, allowed }: { me: Me; allowed: Section[] }) {
  const first = `/console/${allowed[0]?.name ?? ""}`;
  return (
    <Router>
      {SECTIONS.map((section) => {
        const page = () => (allowed.includes(section) ? <section.page /> : <Refused section={section} role={me.role} />);
        return <Shown key={section.name} path={`/console/${section.name}`} show={page} />;
      })}
      {SECTIONS.filter(({ entry }) => entry).map((section) => {
        const Entry = section.entry!;
        const page = (id: string) =>
          allowed.includes(section) ? <Entry key={id} id={id} /> : <Refused section={section} role={me.role} />;
        return <Shown key={`${section.name}-entry`} path={`/console/${section.name}/:id`} show={page} />;
      })}
      <Route path="/console" component={() => <Forward to={first} />} />
      <Route default component={Nowhere} />
    </Router>
  );
}

/** A route: what the router found in the path is handed on. */
function Shown({ show, params }: { path: string; show: (id: string) => preact.ComponentChildren; params?: Record<string, string> }) {
  return <>{show(params?.id ?? "")}</>;
}

function Forward({ to }: { to: string }) {
  const { route } = useLocation();
  useEffect(() => route(to, true), [to]);
  return null;
}

function Refused({ section, role }: { section: Section; role: string }) {
  return (
    <>
      <Title>{t(`section.${section.name}`)}</Title>
      <Notice kind="warn">{t("refused.section", { role, scope: section.scopes.join(` ${t("or")} `) })}</Notice>
    </>
  );
}

function Nowhere() {
  return (
    <>
      <Title>{common("not_found.title")}</Title>
      <p>{common("not_found.text")}</p>
    </>
  );
}

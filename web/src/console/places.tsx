import { useId } from "preact/hooks";

import { Select } from "../parts/field.tsx";
import { Busy, Failure, Notice } from "../parts/notice.tsx";
import { useLoaded } from "../parts/use.ts";
import { server } from "../shell/server.ts";
import { formatCountry, formatNumber } from "./format.ts";
import { useQuery } from "./query.ts";
import { t } from "./texts.ts";
import { Title } from "./title.tsx";
import type { Schemas } from "./types.ts";

type Place = Schemas["LoginPlace"];

const DAYS: Record<string, number> = { "24h": 1, "7d": 7, "30d": 30 };

/** From where people tried to log in, and how often they did. */
export function Places() {
  const query = useQuery();
  const range = query.values.range ?? "24h";
  const days = DAYS[range] ?? 1;
  const places = useLoaded(
    (signal) => {
      const since = new Date(Date.now() - days * 86_400_000).toISOString();
      return server.get("/api/v1/admin/overview/places", { query: { since }, signal });
    },
    [days],
  );
  return (
    <>
      <Title>{t("section.places")}</Title>
      <p class="muted">{t("places.about")}</p>
      <div class="filters">
        <Select
          label={t("range")}
          value={range}
          options={(["24h", "7d", "30d"] as const).map((one) => ({ value: one, label: t(`range.${one}`) }))}
          onValue={(next) => query.set({ range: next })}
        />
      </div>
      {places.problem !== undefined && <Failure problem={places.problem} again={places.reload} />}
      {!places.data && places.problem === undefined && <Busy />}
      {places.data && <Countries places={places.data} />}
    </>
  );
}

interface Country {
  code: string | null;
  places: Place[];
  total: number;
}

function Countries({ places }: { places: Place[] }) {
  const countries = byCountry(places);
  const most = Math.max(1, ...places.map((place) => place.succeeded + place.failed));
  if (countries.length === 0) return <p class="muted">{t("places.none")}</p>;
  return (
    <>
      {countries.every(({ code }) => code === null) && <Notice kind="plain">{t("places.unknown")}</Notice>}
      <p class="row small">
        <span class="key succeeded">{t("succeeded")}</span>
        <span class="key failed">{t("failed")}</span>
      </p>
      {countries.map((country) => (
        <CountryCard key={country.code ?? ""} country={country} most={most} />
      ))}
    </>
  );
}

function CountryCard({ country, most }: { country: Country; most: number }) {
  const id = useId();
  return (
    <section class="card stack" aria-labelledby={id}>
      <h2 id={id}>{country.code ? formatCountry(country.code) : t("places.nowhere")}</h2>
      <ul class="places">
        {country.places.map((place) => (
          <li key={place.location ?? ""}>
            <span>{place.location ?? t("places.somewhere")}</span>
            <Bar place={place} most={most} />
            <span class="number small">
              {t("places.counts", { succeeded: formatNumber(place.succeeded), failed: formatNumber(place.failed) })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** How much of the most; what failed is hatched, not only of another colour. The figures stand beside it. */
function Bar({ place, most }: { place: Place; most: number }) {
  const pattern = useId();
  const good = (place.succeeded / most) * 100;
  const bad = (place.failed / most) * 100;
  return (
    <svg class="bar-of" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <defs>
        <pattern id={pattern} width="2" height="10" patternUnits="userSpaceOnUse">
          <rect class="failed" width="1.2" height="10" />
        </pattern>
      </defs>
      <rect class="succeeded" width={good} height="10" />
      <rect x={good} width={bad} height="10" fill={`url(#${pattern})`} />
    </svg>
  );
}

/** The places of a country together, those with the most attempts first. */
function byCountry(places: Place[]): Country[] {
  const countries = new Map<string | null, Country>();
  for (const place of places) {
    const code = place.country ?? null;
    const country = countries.get(code) ?? { code, places: [], total: 0 };
    country.places.push(place);
    country.total += place.succeeded + place.failed;
    countries.set(code, country);
  }
  return [...countries.values()].sort((one, other) => other.total - one.total);
}

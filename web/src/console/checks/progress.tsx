import { useEffect, useId, useState } from "preact/hooks";

import { formatNumber } from "../format.ts";
import { t } from "../texts.ts";

/** How long a walk has been going on, against how long the last one took: the server tells of the whole walk at once. */
export function Progress({ usual }: { usual: number }) {
  const id = useId();
  const [began] = useState(() => performance.now());
  const [now, setNow] = useState(began);
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 100);
    return () => clearInterval(timer);
  }, []);
  const gone = now - began;
  return (
    <div class="progress">
      <label for={id}>
        {t("walk.progress", { seconds: formatNumber(Math.round(gone / 100) / 10), usual: formatNumber(Math.round(usual / 100) / 10) })}
      </label>
      {gone < usual ? <progress id={id} max={usual} value={gone} /> : <progress id={id} />}
    </div>
  );
}

import { formatAgo, formatTime } from "../shell/texts.ts";

/** A moment, as how long ago it was; exactly where one points at it. */
export function Ago({ time }: { time: string }) {
  return (
    <time dateTime={time} title={formatTime(time)}>
      {formatAgo(time)}
    </time>
  );
}

/** A moment, exactly. */
export function Time({ time }: { time: string }) {
  return <time dateTime={time}>{formatTime(time)}</time>;
}

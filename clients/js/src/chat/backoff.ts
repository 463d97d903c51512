/** How long to wait between tries, in milliseconds. */
export interface Pace {
  /** The most that the first wait may take; each further one may take twice as long. */
  first: number;
  /** The most that any wait may take. */
  longest: number;
}

/**
 * How long to wait before try number `attempt` (from 0): any time up to the most it may take. All clients of a server that
 * comes back would else come at once ("full jitter").
 */
export function backoff(attempt: number, pace: Pace, random: () => number = Math.random): number {
  return random() * Math.min(pace.longest, pace.first * 2 ** Math.min(attempt, 30));
}

// The arithmetic of charts over time: where ticks stand, and which parts of time a stretch covers.
import { preferences } from './preferences';

/** Up to about `wanted` round values from 0 to at least `max`. */
export function valueTicks(max: number, wanted = 3): number[] {
  if (!(max > 0)) return [0, 1];
  const rough = max / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough)!;
  return Array.from({ length: Math.ceil(max / step - 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 91 * DAY, 365 * DAY,
];

export interface TimeTick {
  at: number; // Milliseconds since 1970.
  label: string;
}

/** Ticks at round times of the reader's zone, at most `wanted` of them and two more. */
export function timeTicks(from: number, to: number, wanted: number): TimeTick[] {
  if (!(to > from)) return [];
  const step = STEPS.find((one) => (to - from) / one <= wanted) ?? Math.ceil((to - from) / wanted / (365 * DAY)) * 365 * DAY;
  const timeZone = preferences.value.timeZone === 'utc' ? 'UTC' : undefined;
  const zone = timeZone ? { timeZone } : {};
  const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', ...(step < MINUTE ? { second: '2-digit' } : {}), hour12: false, ...zone });
  const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', ...(step >= 91 * DAY ? { year: 'numeric' } : {}), ...zone });
  const offset = (at: number) => (timeZone ? 0 : new Date(at).getTimezoneOffset() * MINUTE);
  const ticks: TimeTick[] = [];
  for (let local = Math.ceil((from - offset(from)) / step) * step; ; local += step) {
    const at = local + offset(local);
    if (at > to || ticks.length > wanted + 2) return ticks;
    if (at < from) continue;
    const isMidnight = ((local % DAY) + DAY) % DAY === 0;
    ticks.push({ at, label: isMidnight || step >= DAY ? day.format(at) : clock.format(at) });
  }
}

export interface Bucket {
  start: number; // Milliseconds since 1970.
  end: number; // Where the next begins.
}

/** The first and the last bucket that the stretch from a to b touches; null where there is none. */
export function bucketsBetween(buckets: readonly Bucket[], a: number, b: number): [number, number] | null {
  const low = Math.min(a, b);
  const high = Math.max(a, b);
  const first = buckets.findIndex(({ end }) => end > low);
  const last = buckets.findLastIndex(({ start }) => start <= high);
  return first < 0 || last < first ? null : [first, last];
}

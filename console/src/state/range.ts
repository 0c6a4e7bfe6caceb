// Ranges of time: relative ones move along, absolute ones stand.
import { canonical, type Conditions } from './list_filter';
import { longTime, plural, shortTime } from './format';

const MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const NAMES: Record<string, [string, string]> = {
  s: ['second', 'seconds'], m: ['minute', 'minutes'], h: ['hour', 'hours'], d: ['day', 'days'], w: ['week', 'weeks'],
};

export const PRESETS = ['-15m', '-1h', '-6h', '-24h', '-7d', '-30d'] as const;

/** Milliseconds that "-24h" goes back; null where it is no relative time. */
export function relativeMs(text: unknown): number | null {
  const [, amount = '', unit = ''] = typeof text === 'string' ? /^-(\d+)([smhdw])$/.exec(text) ?? [] : [];
  return amount === '' ? null : Number(amount) * MS[unit]!;
}

function relativeText(ms: number): string {
  for (const unit of ['w', 'd', 'h', 'm'] as const) {
    // A day is said as 24 h, as the first preset has it.
    const size = MS[unit]!;
    if (ms % size === 0 && ms / size >= (unit === 'd' || unit === 'w' ? 2 : 1)) return `-${ms / size}${unit}`;
  }
  return `-${Math.max(1, Math.round(ms / 1000))}s`;
}

export function presetLabel(text: string): string {
  const [, amount = '', unit = ''] = /^-(\d+)([smhdw])$/.exec(text) ?? [];
  return unit === '' ? text : amount === '1' ? `last ${NAMES[unit]![0]}` : `last ${plural(Number(amount), ...NAMES[unit]!)}`;
}

function pointLabel(at: unknown): string {
  const ms = relativeMs(at);
  if (ms !== null) return `${presetLabel(String(at)).replace(/^last (?=\d)/, '').replace('last', '1')} ago`;
  return shortTime(typeof at === 'number' ? (Math.abs(at) < 1e11 ? at * 1000 : at) : String(at));
}

/** The range in words. */
export function rangeLabel({ start_time: start, end_time: end }: Conditions): string {
  if (start === undefined && end === undefined) return 'all time';
  if (end === undefined) return relativeMs(start) !== null ? presetLabel(String(start)) : `since ${pointLabel(start)}`;
  if (start === undefined) return `until ${pointLabel(end)}`;
  const [from, to] = [pointLabel(start), pointLabel(end)];
  // A day that is that of both is said once.
  const day = from.slice(0, from.lastIndexOf(' ') + 1);
  return `${from} – ${relativeMs(end) === null && day !== '' && to.startsWith(day) ? to.slice(day.length) : to}`;
}

export function rangeTitle(filter: Record<string, unknown> | null): string {
  const said = [filter?.start_time && `from ${longTime(String(filter.start_time))}`, filter?.end_time && `to ${longTime(String(filter.end_time))}`];
  return said.filter(Boolean).join(' ') || 'The whole history';
}

export function withRange(conditions: Conditions, start: string | number | null, end: string | number | null): Conditions {
  return canonical({ ...conditions, start_time: start, end_time: end });
}

/** An instant in milliseconds since 1970, of what conditions may hold. */
export function instantMs(at: unknown, now: number): number | null {
  const back = relativeMs(at);
  if (back !== null) return now - back;
  if (typeof at === 'number') return Math.abs(at) < 1e11 ? at * 1000 : at;
  const ms = typeof at === 'string' ? Date.parse(at) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** Twice as long: a relative range twice as far back, an absolute one by half its length on both sides. */
export function zoomedOut(conditions: Conditions, now: number): Conditions {
  const { start_time: start, end_time: end } = conditions;
  if (start === undefined) return withRange(conditions, null, null);
  const back = relativeMs(start);
  if (back !== null && end === undefined) return withRange(conditions, relativeText(2 * back), null);
  const from = instantMs(start, now);
  const to = instantMs(end, now) ?? now;
  if (from === null) return conditions;
  const half = Math.max(1000, (to - from) / 2);
  const until = to + half;
  return withRange(conditions, new Date(from - half).toISOString(), until >= now ? null : new Date(until).toISOString());
}

/** Whether what happens now falls into the range. */
export function reachesNow(conditions: Conditions, now: number): boolean {
  const end = instantMs(conditions.end_time, now);
  return end === null || end > now;
}

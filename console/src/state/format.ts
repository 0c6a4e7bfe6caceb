// How values are written. Numbers and times by Intl, in the reader's language.
import { preferences } from './preferences';

// A browser takes some 20 ms for the first of them: none is made before the first call to the server is sent.
const numbers = new Map<string, Intl.NumberFormat>();
function number(name: string, options: Intl.NumberFormatOptions, value: number): string {
  let made = numbers.get(name);
  if (!made) numbers.set(name, (made = new Intl.NumberFormat(undefined, options)));
  return made.format(value);
}
const short = (value: number) => number('short', { maximumSignificantDigits: 3 }, value);

export const count = (value: number): string => number('integer', {}, value);
export const score = (value: number | null | undefined): string =>
  (value === null || value === undefined ? '–' : number('precise', { maximumFractionDigits: 4 }, value));

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${short(share * 100)} %`;
}

export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1) return `${short(ms * 1000)} µs`;
  if (ms < 1000) return `${short(ms)} ms`;
  if (ms < 60_000) return `${short(ms / 1000)} s`;
  return `${count(Math.floor(ms / 60_000))} min ${count(Math.round((ms % 60_000) / 1000))} s`;
}

export function bytes(value: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    ++unit;
  }
  return `${short(value)} ${units[unit]}`;
}

function zone(): { timeZone?: string } {
  return preferences.value.timeZone === 'utc' ? { timeZone: 'UTC' } : {};
}

const formats = new Map<string, Intl.DateTimeFormat>();
function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const id = name + preferences.value.timeZone;
  let made = formats.get(id);
  if (!made) formats.set(id, (made = new Intl.DateTimeFormat(undefined, { ...options, ...zone() })));
  return made;
}

const valid = (instant: string | number | Date): Date | null => {
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? null : date;
};

/** The time of day where it is of today, else with its day, and its year where that is another. */
export function shortTime(instant: string | number | Date): string {
  const date = valid(instant);
  if (!date) return String(instant);
  const day = format('day', { year: 'numeric', month: '2-digit', day: '2-digit' });
  const time = format('time', { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false }).format(date);
  if (day.format(date) === day.format(new Date())) return time;
  const isThisYear = date.getUTCFullYear() === new Date().getUTCFullYear();
  const shown = isThisYear ? format('short', { month: 'short', day: 'numeric' }) : format('year', { year: 'numeric', month: 'short', day: 'numeric' });
  return `${shown.format(date)} ${time}`;
}

export function longTime(instant: string | number | Date): string {
  const date = valid(instant);
  if (!date) return String(instant);
  return format('long', {
    year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit',
    fractionalSecondDigits: 3, hour12: false, timeZoneName: 'short' } as Intl.DateTimeFormatOptions).format(date);
}

export function utcTime(instant: string | number | Date): string {
  const date = valid(instant);
  return date ? date.toISOString() : String(instant);
}

/** Makes what writing numbers and times takes, while there is nothing else to do. */
export function warmFormats(): void {
  count(0);
  short(0);
  shortTime(0);
  longTime(0);
}

/** One of these words by number: plural(1, 'run', 'runs') is "1 run". */
export function plural(value: number, one: string, many: string): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

// What a person chose for this browser.
import { signal } from '@preact/signals';

export interface Preferences {
  theme: 'system' | 'light' | 'dark';
  density: 'normal' | 'compact';
  timeZone: 'local' | 'utc';
  shortcuts: boolean;
  pageSize: number; // Rows that one call of a list asks for, 1 to 1000.
}

const DEFAULTS: Preferences = { theme: 'system', density: 'normal', timeZone: 'local', shortcuts: true, pageSize: 100 };
const NAME = 'trawl.preferences';

/** Reads JSON that this page stored; `fallback` where there is none, or it is damaged. */
export function stored<T>(name: string, fallback: T): T {
  try {
    const text = localStorage.getItem(name);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function store(name: string, value: unknown): void {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Not kept: storage is full or switched off.
  }
}

export const preferences = signal<Preferences>({ ...DEFAULTS, ...stored<Partial<Preferences>>(NAME, {}) });

export function applyPreferences(): void {
  const { theme, density } = preferences.value;
  const root = document.documentElement;
  root.dataset.theme = theme;
  root.dataset.density = density;
  document.querySelector('meta[name=color-scheme]')?.setAttribute('content', theme === 'system' ? 'light dark' : theme);
}

export function prefer(changes: Partial<Preferences>): void {
  preferences.value = { ...preferences.value, ...changes };
  store(NAME, preferences.value);
  applyPreferences();
}

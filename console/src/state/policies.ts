// The forms of what a namespace records and for how long: what is typed, and the policy it means.
import type { RecordingPolicy, RecordingPolicyShown, RedactionRule, RetentionPolicy, RetentionPolicyShown } from '../api/schema';

export interface RuleDraft {
  id: number; // Of the row, while the form is open.
  by: 'field' | 'pattern';
  what: string;
  action: 'drop' | 'hash' | 'mask';
}

export interface RecordingDraft {
  mode: 'full' | 'summary';
  rules: RuleDraft[];
}

let rowsMade = 0;
export const newRule = (): RuleDraft => ({ id: ++rowsMade, by: 'field', what: '', action: 'mask' });

export function recordingDraft(policy: RecordingPolicyShown): RecordingDraft {
  return {
    mode: policy.mode,
    rules: policy.redact.map((rule) => ({
      id: ++rowsMade, by: rule.pattern ? 'pattern' : 'field', what: rule.pattern ?? rule.field ?? '', action: rule.action })),
  };
}

export function recordingPolicy(draft: RecordingDraft): RecordingPolicy {
  return {
    mode: draft.mode,
    redact: draft.rules.map(({ by, what, action }): RedactionRule => (by === 'field'
      ? { field: what, action } : { pattern: what, action: action === 'drop' ? 'mask' : action })),
  };
}

/** A pattern drops nothing: of the rule it becomes a mask. */
export function ruleBy(rule: RuleDraft, by: RuleDraft['by']): RuleDraft {
  return { ...rule, by, action: by === 'pattern' && rule.action === 'drop' ? 'mask' : rule.action };
}

/** The list with one member at another place, which is kept within it. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const next = [...list];
  const [one] = next.splice(from, 1);
  if (one !== undefined) next.splice(Math.max(0, to), 0, one);
  return next;
}

export interface RetentionDraft {
  maxAge: string;
  maxCount: string;
  maxBytes: string; // "10 GB", or a number of bytes.
  byStatus: { id: number; status: string; age: string }[];
}

export const newStatusAge = (status = '') => ({ id: ++rowsMade, status, age: '' });

const UNITS = ['', 'k', 'm', 'g', 't', 'p'];

/** "10 GB", "1.5 MB", "2000": bytes, by thousands as the page writes them. Null: not understood. */
export function parseBytes(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:([kmgtp])?(?:b|bytes?)?)?\s*$/i.exec(text);
  if (!match) return null;
  const value = Math.round(Number(match[1]) * 1000 ** UNITS.indexOf((match[2] ?? '').toLowerCase()));
  return Number.isSafeInteger(value) ? value : null;
}

/** Bytes in their largest unit that keeps them exact. */
export function bytesText(value: number): string {
  for (let unit = UNITS.length - 1; unit > 0; --unit) {
    const shown = value / 1000 ** unit;
    if (shown >= 1 && Number.isInteger(shown * 1000)) return `${shown} ${UNITS[unit]!.toUpperCase()}B`;
  }
  return String(value);
}

export function retentionDraft(policy: RetentionPolicyShown): RetentionDraft {
  return {
    maxAge: policy.max_age ?? '', maxCount: policy.max_count === undefined ? '' : String(policy.max_count),
    maxBytes: policy.max_bytes === undefined ? '' : bytesText(policy.max_bytes),
    byStatus: Object.entries(policy.by_status ?? {}).map(([status, age]) => ({ id: ++rowsMade, status, age })),
  };
}

// What is no number is sent as it is, and an age as text: the server says what is wrong with it.
const asTyped = (text: string, value: number | null) => value ?? (text.trim() as unknown as number);

/** The policy that was typed. Rules left empty are not in it. */
export function retentionPolicy(draft: RetentionDraft): RetentionPolicy {
  const policy: RetentionPolicy = {};
  if (draft.maxAge.trim()) policy.max_age = draft.maxAge.trim();
  if (draft.maxCount.trim()) policy.max_count = asTyped(draft.maxCount, /^\s*\d+\s*$/.test(draft.maxCount) ? Number(draft.maxCount) : null);
  if (draft.maxBytes.trim()) policy.max_bytes = asTyped(draft.maxBytes, parseBytes(draft.maxBytes));
  const ages = draft.byStatus.filter(({ status, age }) => status.trim() || age.trim());
  if (ages.length > 0) policy.by_status = Object.fromEntries(ages.map(({ status, age }) => [status.trim(), age.trim()]));
  return policy;
}

/** What of the statuses cannot be sent: one that is named twice. */
export function statusTwice(draft: RetentionDraft): string | null {
  const names = draft.byStatus.map(({ status }) => status.trim()).filter(Boolean);
  return names.find((name, i) => names.indexOf(name) !== i) ?? null;
}

/** Whether two policies say the same, whatever the order of their members. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return a === b;
  const ofA = Object.entries(a).filter(([, value]) => value !== undefined);
  const ofB = new Map(Object.entries(b).filter(([, value]) => value !== undefined));
  return Array.isArray(a) === Array.isArray(b) && ofA.length === ofB.size && ofA.every(([name, value]) => ofB.has(name) && isSame(value, ofB.get(name)));
}

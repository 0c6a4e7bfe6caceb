// The list that a run was opened from, so that its page leads to the runs before and after it.
import { signal } from '@preact/signals';

export interface Listed {
  namespace: string;
  href: string; // The list itself.
  ids: string[]; // In its order.
}

export const listed = signal<Listed | null>(null);

/** The runs beside `id` in the list, where it is in it. */
export function beside(list: Listed | null, namespace: string, id: string): { before: string | null; after: string | null } | null {
  const at = list?.namespace === namespace ? list.ids.indexOf(id) : -1;
  if (at < 0) return null;
  return { before: list!.ids[at - 1] ?? null, after: list!.ids[at + 1] ?? null };
}

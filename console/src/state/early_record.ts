// The record of a run that is gone to, asked for while the page of runs is still on its way.
import { getRecord, type Tagged } from '../api/record';
import { route } from './route';
import { key } from './session';

export const FIRST = 1000; // Candidates of each list that come with the record; more, when somebody wants them.

/** What one key sees of a run in one namespace is shown to no other. */
export const recordName = (id: string): string => JSON.stringify([key.value, route.value.namespace, id]);

let early: { name: string; record: Promise<Tagged | null> } | null = null;

export function askForRecord(id: string): void {
  early = { name: recordName(id), record: getRecord(id, FIRST, null) };
  early.record.catch(() => undefined); // Said where it is used.
}

/** The first candidates of a record: what was asked for early, once. */
export function firstOfRecord(id: string): Promise<Tagged | null> {
  const asked = early?.name === recordName(id) ? early.record : null;
  early = null;
  return asked ?? getRecord(id, FIRST, null);
}

// How far the vectors are that models make of the documents of a collection.
import type { Collection } from '../api/schema';
import { count, plural } from './format';

export interface VectorState {
  feature: string;
  model: string;
  documents: number;
  withVectors: number;
  awaited: number;
  isPaused: boolean;
  error: string | null; // Why none come now.
  isServing: boolean;
}

/** One for each feature whose vectors a model makes. */
export function vectorStates({ features }: Pick<Collection, 'features'>): VectorState[] {
  return features.flatMap((feature) => {
    if (feature.type !== 'dense' || !feature.progress) return [];
    const { documents, with_vectors: withVectors, awaited, paused, error, serving } = feature.progress;
    return [{ feature: feature.feature_uri, model: feature.model?.name ?? 'its model', documents, withVectors, awaited, isPaused: paused, error, isServing: serving }];
  });
}

export type VectorKind = 'failing' | 'paused' | 'under_way' | 'done';
const KINDS: VectorKind[] = ['failing', 'paused', 'under_way', 'done'];
export const VECTOR_SIGNS: Record<VectorKind, string> = { failing: '!', paused: '‖', under_way: '⋯', done: '✓' };

export function kindOf({ awaited, isPaused, error }: VectorState): VectorKind {
  if (awaited === 0) return 'done';
  return isPaused ? 'paused' : error !== null ? 'failing' : 'under_way';
}

/** The one that is to be worried about most. */
export function worstOf(states: readonly VectorState[]): VectorState | undefined {
  return [...states].sort((a, b) => KINDS.indexOf(kindOf(a)) - KINDS.indexOf(kindOf(b)) || b.awaited - a.awaited)[0];
}

/** Of those that are to have vectors, how many have; never all while one is awaited. */
export function shareOf({ documents, awaited }: VectorState): string {
  return documents === 0 ? '' : `${Math.floor((100 * (documents - awaited)) / documents)} %`;
}

/** In a few words, beside the sign of its kind. */
export function shortText(state: VectorState): string {
  switch (kindOf(state)) {
    case 'done': return state.documents === 0 ? 'no documents' : 'all';
    case 'under_way': return shareOf(state);
    case 'paused': return `paused at ${shareOf(state)}`;
    case 'failing': return `stuck at ${shareOf(state)}`;
  }
}

/** In a sentence, without the error. */
export function longText(state: VectorState): string {
  const { documents, withVectors, awaited, model, isServing } = state;
  const without = documents - withVectors - awaited;
  const have = withVectors === documents ? `All ${plural(documents, 'document has', 'documents have')} vectors of ${model}`
    : `${count(withVectors)} of ${plural(documents, 'document has', 'documents have')} vectors of ${model}`;
  const wait = awaited === 0 ? '' : `, ${plural(awaited, 'waits for its own', 'wait for theirs')}`;
  const lack = without > 0 ? `, ${plural(without, 'has', 'have')} no text to make them of` : '';
  return `${have}${wait}${lack}.${isServing ? '' : ' Meaning is searched once all have theirs.'}`;
}

const AGAIN_MS = 2000;

/** In how many milliseconds to look again; null: nothing is awaited before somebody writes. */
export function changesIn(collections: readonly Pick<Collection, 'features'>[]): number | null {
  return collections.flatMap(vectorStates).some(({ awaited }) => awaited > 0) ? AGAIN_MS : null;
}

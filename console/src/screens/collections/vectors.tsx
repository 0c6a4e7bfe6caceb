// How far the vectors of a collection are: in a word in the table, as a line with a bar on its page.
import type { VNode } from 'preact';
import type { Collection } from '../../api/schema';
import { kindOf, longText, shareOf, shortText, VECTOR_SIGNS, vectorStates, worstOf, type VectorState } from '../../state/vectors';

const CLASSES = { failing: 'bad', paused: 'warn', under_way: '', done: 'good' };

export function VectorsInAWord({ of }: { of: Collection }): VNode {
  const states = vectorStates(of);
  const worst = worstOf(states);
  if (!worst) {
    return of.features.some(({ type }) => type === 'dense') ? <span class="soft">with the documents</span> : <span class="soft">–</span>;
  }
  const kind = kindOf(worst);
  return (
    <span class={CLASSES[kind]} title={states.map((state) => `${longText(state)}${kindOf(state) === 'failing' ? ` ${state.error}` : ''}`).join('\n')}>
      <span aria-hidden="true">{VECTOR_SIGNS[kind]} </span>{shortText(worst)}
    </span>);
}

/** A line for each feature whose vectors are not all there. */
export function VectorsUnderWay({ of }: { of: Collection }): VNode {
  return <>{vectorStates(of).filter((state) => state.awaited > 0).map((state) => <Line key={state.feature} state={state} />)}</>;
}

function Line({ state }: { state: VectorState }): VNode {
  const kind = kindOf(state);
  return (
    <div class="vectors-line">
      <div class="line">
        <progress max={state.documents} value={state.documents - state.awaited} aria-label={`Vectors of ${state.model}`}>{shareOf(state)}</progress>
        <span class={CLASSES[kind]}><span aria-hidden="true">{VECTOR_SIGNS[kind]} </span>{shortText(state)}</span>
        <span><bdi>{longText(state)}</bdi></span>
      </div>
      {kind === 'paused' && <p class="soft">None are made while <code>paused_features</code> of the collection names <bdi><code>{state.feature}</code></bdi>.</p>}
      {kind === 'failing' && <p class="bad" role="status"><bdi>{state.error}</bdi> <span class="soft">It is tried again.</span></p>}
    </div>);
}

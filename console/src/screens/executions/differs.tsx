// What differs: what sets the failed, the empty, the slow or this range apart from the rest.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../../api/client';
import { isAborted } from '../../api/client';
import { ErrorBox } from '../../parts/states';
import { labelNames } from '../../state/complete';
import { compare, DIMENSIONS, partOf, PARTS, type Difference, type Part } from '../../state/differs';
import { count, percent, plural } from '../../state/format';
import type { Conditions } from '../../state/list_filter';
import { asApiError } from '../../state/load';
import { Chain } from '../stats/chain';

const NAMES: Record<string, string> = { shape: 'pipeline', stage_id: 'ran', collection_ids: 'searched', caller: 'key', failed_stage: 'failed in', error_kind: 'error', status: 'status' };
const TRIVIAL = ['status', 'failed_stage', 'error_kind']; // What follows from having failed, or not.
const SHOWN = 12;
const LABELS = 6; // Names of labels that are looked at.

export function Differs({ part, conditions, p95, nameOf, onPart, onPick, onClose }: {
  part: Part;
  conditions: Conditions;
  p95: number | null;
  nameOf: (collection: string) => string;
  onPart: (part: Part) => void;
  onPick: (name: string, value: unknown, exclude: boolean) => void;
  onClose: () => void;
}): VNode {
  const [found, setFound] = useState<Difference[]>([]);
  const [totals, setTotals] = useState<{ part: number; others: number } | null>(null);
  const [isBusy, setBusy] = useState(true);
  const [isPartial, setPartial] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const [round, setRound] = useState(0);
  const question = JSON.stringify([part, conditions, part === 'slow' ? p95 : null, round]);
  useEffect(() => {
    const abort = new AbortController();
    setFound([]);
    setTotals(null);
    setPartial(false);
    setError(null);
    const sides = partOf(part, conditions, p95, Date.now());
    setBusy(sides !== null);
    if (sides === null) return undefined;
    const trivial = part === 'failed' || part === 'nothing' ? TRIVIAL : [];
    (async () => {
      const range: Conditions = {};
      if (conditions.start_time !== undefined) range.start_time = conditions.start_time;
      if (conditions.end_time !== undefined) range.end_time = conditions.end_time;
      const labels = (await labelNames(range, abort.signal)).slice(0, LABELS).map((name) => ({ name: `labels.${name}`, group: `label:${name}` }));
      await compare(sides, [...labels, ...DIMENSIONS.filter(({ name }) => !trivial.includes(name))], abort.signal, (more, answer) => {
        setFound((before) => [...before, ...more].sort((a, b) => Math.abs(b.share - b.otherShare) - Math.abs(a.share - a.otherShare)));
        if (answer.part.partial || answer.rest.partial) setPartial(true);
        setTotals({ part: answer.part.total.count, others: answer.rest.total.count });
      });
    })().catch((caught: unknown) => {
      if (!isAborted(caught) && !abort.signal.aborted) setError(asApiError(caught));
    }).finally(() => { if (!abort.signal.aborted) setBusy(false); });
    return () => abort.abort();
  }, [question]);

  const shown = found.filter(({ share, otherShare }) => Math.abs(share - otherShare) >= 0.01).slice(0, SHOWN);
  const { them, others } = PARTS[part];
  return (
    <section class="differs" aria-label="What differs">
      <header class="line">
        <h2>What differs about</h2>
        <select aria-label="Part" value={part} onChange={(event) => onPart(event.currentTarget.value as Part)}>
          {(Object.keys(PARTS) as Part[]).map((one) => <option key={one} value={one}>{PARTS[one].title}</option>)}
        </select>
        {totals && <span class="soft">{plural(totals.part, 'execution', 'executions')} {them} <i class="differs-key is-part" aria-hidden="true" /> against {count(totals.others)} {others} <i class="differs-key" aria-hidden="true" /></span>}
        {isBusy && <span class="soft" role="status">looking …</span>}
        {isPartial && <span class="warn">counted in part</span>}
        <span class="spring" />
        <button type="button" class="icon" aria-label="Close what differs" onClick={onClose}>×</button>
      </header>
      {error && <ErrorBox error={error} onRetry={() => setRound((before) => before + 1)} />}
      {shown.length > 0 && (
        <ul>
          {shown.map((one) => (
            <li key={`${one.dimension} ${one.value}`}>
              <button type="button" disabled={one.value === null} title="Filter by this; with Alt: by all but this" onClick={(event) => onPick(one.dimension, one.value, event.altKey)}>
                <span class="soft">{NAMES[one.dimension] ?? one.dimension.slice(7)}</span>{' '}
                {one.dimension === 'shape' ? <Chain shape={one.value} /> : <bdi>{one.value === null ? 'none' : one.dimension === 'collection_ids' ? nameOf(one.value) : one.value}</bdi>}
              </button>
              <span class="differs-bars">
                <span class="differs-bar is-part" style={{ width: `${100 * one.share}%` }} /><span class="differs-bar" style={{ width: `${100 * one.otherShare}%` }} />
              </span>
              <span class="differs-shares"><strong>{percent(one.share)}</strong> <span class="soft">({count(one.count)})</span> against {percent(one.otherShare)} <span class="soft">({count(one.others)})</span></span>
            </li>))}
        </ul>)}
      {!isBusy && !error && shown.length === 0 && (
        <p class="soft">{partOf(part, conditions, p95, 0) === null ? 'There is no such part of this range.'
          : !totals || totals.part === 0 ? `There is no execution ${them}.` : totals.others === 0 ? 'There is nothing to compare them with.' : 'Nothing that is recorded sets them apart by more than one part in a hundred.'}</p>)}
      {totals !== null && totals.part > 0 && totals.part < 10 && <p class="soft">They are few: chance may explain what is seen.</p>}
    </section>);
}

// The list of executions: what ran, filtered, and beside it one run.
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { aggregateExecutions, type ListBody, type Row } from '../api/executions';
import { Grid } from '../parts/grid';
import { Lazy } from '../parts/lazy';
import { ErrorBox, Note, Skeleton } from '../parts/states';
import { useCollectionNames } from '../state/collection_names';
import { count } from '../state/format';
import { useShortcuts } from '../state/keyboard';
import type { Conditions } from '../state/list_filter';
import { goFilter, goRange, listHref, readPlace, type ListPlace } from '../state/list_place';
import { useLoad } from '../state/load';
import { preferences } from '../state/preferences';
import { listed } from '../state/neighbours';
import { go, href, route, withParams } from '../state/route';
import { reachesNow } from '../state/range';
import { askEarly, useRows } from '../state/rows';
import { useNarrow } from '../state/narrow';
import { columnsOf, fieldsOf } from './executions/columns';
import type { Mode } from './executions/histogram';
import { FiguresLine } from './executions/figures';
import { FilterBar, marksOf } from './executions/filter_bar';
import { TimeRange } from './executions/time_range';
import type { Part } from '../state/differs';
import type { RunPane } from './execution/run';

const KEPT = 5000; // Rows that are kept while one follows.
const FIGURES_MS = 10_000;

const idOf = (row: Row) => row.execution_id;
const rowClass = (row: Row) => (row.status === 'failed' ? 'is-failed' : '');

function bodyOf({ conditions, sort, columns }: ListPlace): ListBody {
  const fields = fieldsOf(columns);
  return { ...conditions, ...(sort === 'timestamp' ? {} : { sort }), ...(fields ? { fields } : {}) };
}

// What holds by default, or was chosen last, is said in the address, so that a link gives the same.
function completeAddress({ missing }: ListPlace): void {
  if (Object.keys(missing).length > 0) go(withParams(missing), 'replace');
}

/** Asks for the rows before the list is drawn; resolves when they are there, or cannot be had. */
export function askForRows(): Promise<unknown> {
  const { namespace, params } = route.value;
  const place = readPlace(params, namespace);
  const asked = askEarly(bodyOf(place), preferences.value.pageSize);
  completeAddress(place);
  return asked;
}

export default function Executions(): VNode {
  const { namespace, params } = route.value;
  const place = useMemo(() => readPlace(params, namespace), [params, namespace]);
  const { conditions, sort, columns, open } = place;
  const question = JSON.stringify(conditions);
  const [cursor, setCursor] = useState<string | null>(open);
  const asked = params.get('chart');
  const mode: Mode = asked === 'p95' || asked === 'credits' ? asked : 'outcomes';
  const hasChart = asked !== 'none';
  const part = params.get('differs');
  const differs: Part | null = part === null ? null : ['failed', 'nothing', 'slow', 'range'].includes(part) ? (part as Part) : 'failed';
  const [dialog, setDialog] = useState<'advanced' | null>(null);
  const root = useRef<HTMLDivElement>(null);
  const isNarrow = useNarrow('(max-width: 700px)');

  useLayoutEffect(() => completeAddress(place), [place]);

  const list = useRows(bodyOf(place), preferences.value.pageSize);
  const [round, setRound] = useState(0);
  const figures = useLoad(`${question}#${round}`, (signal) => aggregateExecutions({ ...conditions, bucket: 'auto' }, signal));
  const nameOf = useCollectionNames(list.hasAnswer);
  const reload = () => {
    list.reload();
    setRound((before) => before + 1);
  };

  const change = (next: Conditions) => goFilter(next);
  const pick = (name: string, value: unknown, exclude: boolean) => {
    void import('../state/pick').then(({ picked }) => {
      const next = picked(conditions, name, value, exclude);
      if (next) change(next);
    });
  };

  useEffect(() => { if (open !== null) setCursor(open); }, [open]);
  // The page of a run leads to those beside it in the list that it was opened from.
  const seen = useRef<() => void>(() => undefined);
  const here = location.hash;
  seen.current = () => { listed.value = { namespace, href: here, ids: list.rows.map(idOf) }; };
  useEffect(() => () => seen.current(), []);
  const grid = () => root.current?.querySelector<HTMLElement>('[role=grid]');
  const openRun = (id: string) => go(withParams({ open: id }), open === null ? 'push' : 'replace');
  const closeRun = () => {
    go(withParams({ open: null, tab: null, stage: null, doc: null, find: null, show: null, order: null, found_by: null }), 'push');
    grid()?.focus();
  };
  // While a run is open, it follows the cursor.
  const moveTo = (id: string) => {
    setCursor(id);
    if (open !== null && open !== id) go(withParams({ open: id, stage: null, doc: null }), 'replace');
  };
  const at = list.rows.findIndex((row) => row.execution_id === cursor);
  // The record of the row under the cursor, and of the one after it, are there before they are asked for.
  useEffect(() => {
    if (at < 0) return undefined;
    const timer = setTimeout(() => {
      void import('./execution').then(({ prefetchRun }) => {
        for (const row of list.rows.slice(at, open === null ? at + 1 : at + 2)) if (row.total_stages <= 8) prefetchRun(row.execution_id);
      });
    }, 120);
    return () => clearTimeout(timer);
  }, [cursor, open]);
  const step = (by: number) => {
    const row = list.rows[at < 0 ? 0 : Math.min(Math.max(0, at + by), list.rows.length - 1)];
    if (row) moveTo(row.execution_id);
  };
  const mark = () => {
    if (cursor === null) return;
    if (place.marked !== null && place.marked !== cursor) go(href(namespace, 'compare', [place.marked, cursor]));
    else go(withParams({ compare: place.marked === cursor ? null : cursor }), 'replace');
  };
  const setMode = (to?: string) => {
    const next = to ?? ['outcomes', 'p95', 'credits', 'none'][(['outcomes', 'p95', 'credits', 'none'].indexOf(hasChart ? mode : 'none') + 1) % 4]!;
    go(withParams({ chart: next === 'outcomes' ? null : next }), 'replace');
  };
  const toggleDiffers = () => {
    const total = figures.data?.total;
    const first: Part = !total || total.error_count > 0 ? 'failed' : total.zero_result_count > 0 ? 'nothing' : 'slow';
    go(withParams({ differs: differs === null ? first : null }), 'replace');
  };
  // Arrows belong to whatever has the focus, unless nothing has.
  const isFree = () => document.activeElement === document.body || document.activeElement === null || document.activeElement.id === 'main';
  useShortcuts([
    { keys: 'j', says: 'Next row', run: () => step(1) },
    { keys: 'k', says: 'Row before', run: () => step(-1) },
    { keys: 'ArrowDown', says: 'Next row', run: () => (isFree() ? step(1) : false) },
    { keys: 'ArrowUp', says: 'Row before', run: () => (isFree() ? step(-1) : false) },
    { keys: 'Enter', says: 'Open the run beside the list', run: () => (isFree() && cursor !== null ? openRun(cursor) : false) },
    { keys: 'o', says: 'Open the run as a page', run: () => (cursor === null ? false : go(href(namespace, 'executions', [cursor]))) },
    { keys: 'l', says: 'Follow what is executed now', run: () => toggleLive() },
    { keys: 'd', says: 'What differs about what failed, found nothing, or was slow?', run: () => toggleDiffers() },
    { keys: 'm', says: 'Chart: outcomes, p95, credits, none', run: () => setMode() },
    { keys: 'c', says: 'Mark the run; on a second one, compare the two', run: mark },
    { keys: 'r', says: 'Run again in the playground', run: () => (cursor === null ? false : go(href(namespace, 'play', [], { from: cursor }))) },
  ]);

  // What runs counts its time.
  const isRunning = list.rows.some((row) => row.status === 'processing');
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isRunning) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isRunning]);

  const [isAtTop, setAtTop] = useState(true);
  useEffect(() => setAtTop(true), [question, sort]);
  const whyNotLive = sort !== 'timestamp' ? 'What is new comes at the top only where the newest is first: sort by Started, falling'
    : !reachesNow(conditions, Date.now()) ? 'Nothing new falls into this range of time: choose one that reaches to now' : null;
  const isLive = place.isLive && whyNotLive === null;
  const toggleLive = () => {
    if (whyNotLive === null || place.isLive) go(withParams({ live: place.isLive ? null : '1' }), 'replace');
  };
  // The figures follow what is new, at most each ten seconds.
  const figured = useRef(0);
  const takeRows = (rows: Row[]) => {
    list.take(rows, KEPT);
    if (figured.current !== 0) return;
    figured.current = window.setTimeout(() => {
      figured.current = 0;
      setRound((before) => before + 1);
    }, FIGURES_MS);
  };
  useEffect(() => () => clearTimeout(figured.current), []);

  const shownColumns = columnsOf(columns, {
    sort, nameOf, isNarrow, marked: place.marked, now, onPick: pick,
    onSort: (next) => go(listHref(conditions, { sort: next === 'timestamp' ? null : next })),
  });
  const isEmpty = list.hasAnswer && !list.isOld && !list.loading && list.rows.length === 0 && !list.hasMore && list.error === null;
  const openRow = list.rows.find((row) => row.execution_id === open) ?? null;
  return (
    <div class={`list${open !== null ? ' has-pane' : ''}`} ref={root}>
      <h1 class="off-screen">Executions</h1>
      <div class="list-bar">
        <FilterBar conditions={conditions} error={list.error} nameOf={nameOf} onChange={change}
          onAdvanced={() => setDialog('advanced')} />
        <TimeRange conditions={conditions} filter={list.isOld ? null : list.filter} onChange={goRange} />
        <button type="button" class="icon" aria-label="Ask again" title="Ask again" onClick={reload}>⟳</button>
      </div>
      {place.ignored.length > 0 && <Note kind="warning">{place.ignored.map((one) => <p key={one}><bdi>{one}</bdi></p>)}</Note>}
      <div class="line list-figures">
        <FiguresLine figures={figures.data} isOld={figures.isOld} error={list.error ? null : figures.error} conditions={conditions} onChange={change} onRetry={figures.reload} />
        <span class="spring" />
        {isLive && list.hasAnswer && !list.isOld && (
          <Lazy load={() => import('./executions/live').then((module) => module.Live)} props={{
            conditions, fields: fieldsOf(columns), since: list.rows[0]?.timestamp ?? (list.filter?.start_time as string | undefined) ?? null, isAtTop,
            isKnown: (id: string) => list.rows.some((row) => row.execution_id === id), onRows: takeRows, onReload: reload,
            onTop: () => grid()?.scrollTo({ top: 0 }) }} />)}
        <button type="button" class="live-switch" aria-pressed={isLive} aria-disabled={whyNotLive !== null} title={whyNotLive ?? 'Follow what is executed now'} aria-keyshortcuts="l" onClick={toggleLive}>
          <span aria-hidden="true">{isLive ? '●' : '○'}</span> live
        </button>
        {place.isLive && whyNotLive !== null && <span class="warn">{whyNotLive}.</span>}
        <Lazy load={() => import('./executions/tools').then((module) => module.Tools)} props={{
          place, filter: list.isOld ? null : list.filter, total: list.hasAnswer && !list.isOld && !list.isAtLeast ? list.total : null,
          p95: figures.isOld ? null : figures.data?.total.duration_ms.p95 ?? null, onChange: change, onDeleted: reload }} />
        <button type="button" aria-pressed={differs !== null} aria-keyshortcuts="d" onClick={() => toggleDiffers()}>What differs?</button>
        <label class="soft">Chart <select value={hasChart ? mode : 'none'} onChange={(event) => setMode(event.currentTarget.value)} aria-keyshortcuts="m">
          <option value="outcomes">outcomes</option><option value="p95">p95</option><option value="credits">credits</option><option value="none">none</option>
        </select></label>
      </div>
      {figures.data && (hasChart ? (
        <Lazy load={() => import('./executions/histogram').then((module) => module.Histogram)} placeholder={<div class="chart-room" />}
          props={{ figures: figures.data, isOld: figures.isOld, conditions, mode, onChange: goRange }} />) : null)}
      {differs !== null && (
        <Lazy load={() => import('./executions/differs').then((module) => module.Differs)} props={{
          part: differs, conditions, p95: figures.isOld ? null : figures.data?.total.duration_ms.p95 ?? null, nameOf, onPick: pick,
          onPart: (part: Part) => go(withParams({ differs: part }), 'replace'), onClose: () => go(withParams({ differs: null }), 'replace') }} />)}
      {!list.isOld && list.warnings.map((warning) => <Note kind="warning" key={warning}>{warning}</Note>)}
      <div class="list-split">
        <div class="list-rows">
          {list.error && marksOf(list.error, conditions).size === 0 && <ErrorBox error={list.error} onRetry={list.hasAnswer && !list.isOld ? list.more : reload} />}
          {isEmpty ? <EmptyList conditions={conditions} onChange={(next) => (next.start_time === conditions.start_time ? change(next) : goRange(next))} />
            : list.hasAnswer ? (
              <Grid label="Executions" columns={shownColumns} rows={list.rows} idOf={idOf} total={list.hasMore && list.isAtLeast ? -1 : Math.max(list.total, list.rows.length)}
                cursor={cursor} onCursor={moveTo} onOpen={(row) => openRun(row.execution_id)} rowClass={rowClass} onNearEnd={list.isPartial ? undefined : list.more}
                dim={list.isOld} onTop={setAtTop} scrollKey={`${question} ${sort}`} />
            ) : !list.error && <Skeleton lines={14} label="Loading executions" />}
          {list.hasAnswer && !isEmpty && <ListFoot list={list} marked={place.marked} />}
        </div>
        {open !== null && (
          <Pane key="pane" id={open} row={openRow} onClose={closeRun} onFilter={pick} />)}
      </div>
      {dialog === 'advanced' && <Lazy load={() => import('./executions/advanced').then((module) => module.Advanced)}
        props={{ conditions, onChange: change, onClose: () => setDialog(null) }} />}
    </div>);
}

function ListFoot({ list, marked }: { list: ReturnType<typeof useRows>; marked: string | null }): VNode {
  const total = `${list.isAtLeast ? '≥ ' : ''}${count(list.total)}`;
  return (
    <p class="list-foot soft" role="status">
      {count(list.rows.length)} of {total}
      {list.isLoadingMore ? ' · loading more …' : list.isPartial ? (
        <> · looked as long as it may, and there are older ones <button type="button" onClick={list.more}>Go on</button></>
      ) : list.hasMore ? ' · more below' : ''}
      {marked !== null && <> · ◆ <bdi>{marked}</bdi> is marked: <kbd>c</kbd> on another run compares the two <button type="button" class="quiet" onClick={() => go(withParams({ compare: null }), 'replace')}>Unmark</button></>}
    </p>);
}

function EmptyList(props: { conditions: Conditions; onChange: (conditions: Conditions) => void }): VNode {
  return <Lazy load={() => import('./executions/nothing').then((module) => module.Nothing)} props={props} />;
}

type RunPaneProps = Parameters<typeof RunPane>[0];

// The run and all that it draws is loaded when the first one is opened.
function Pane(props: RunPaneProps): VNode {
  return <Lazy load={() => import('./execution').then((module) => module.RunPane)} props={props} placeholder={<aside class="run run-pane"><Skeleton /></aside>} />;
}

// Two runs: where they part, why, and what became of each document. The server's answer (`diff`),
// with the lists of both records beside it.
import type { VNode } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { getExecution } from '../api/executions';
import { diffText } from '../api/insight';
import type { DiffSide, ExecutionDetail, ExecutionDiff, ListDiff } from '../api/schema';
import { Copy } from '../parts/copy';
import { Menu } from '../parts/menu';
import { Empty, ErrorBox, Note, Skeleton } from '../parts/states';
import { Status } from '../parts/status';
import { Tabs } from '../parts/tabs';
import { collectionName } from '../state/collections';
import { duration, longTime, percent, plural, score, shortTime } from '../state/format';
import { parseExact, stringifyExact } from '../state/json_exact';
import { useShortcuts } from '../state/keyboard';
import { useLoad } from '../state/load';
import { BEFORE_OF_INPUTS, BEFORE_OF_SHAPE, isRelative, resolveExecution } from '../state/partner';
import { go, href, route, withParams } from '../state/route';
import { Changes } from './compare/changes';
import { boundaryOf, Documents } from './compare/documents';
import { PartnerForm } from './compare/partner';
import { Stages } from './compare/stages';

export default function Compare(): VNode {
  const { path: [a = null, b = null], namespace } = route.value;
  const needsLookUp = a !== null && b !== null && (isRelative(a) || isRelative(b));
  const found = useLoad(needsLookUp ? `${namespace}/${a}/${b}` : null, async (signal) => {
    const first = await resolveExecution(a!, null, signal);
    return [first, await resolveExecution(b!, first, signal)];
  });
  useEffect(() => {
    if (found.data && !found.isOld) go(href(namespace, 'compare', found.data, route.value.params), 'replace');
  }, [found.data, found.isOld]);

  if (a === null || b === null) {
    return (
      <>
        <h1>Compare two executions</h1>
        {a !== null && <p>First: <a href={href(namespace, 'executions', [a])}><bdi>{a}</bdi></a></p>}
        <PartnerForm a={a} autofocus key={a ?? ''} />
      </>);
  }
  if (needsLookUp) {
    if (!found.error) return <><h1>Compare two executions</h1><Skeleton /></>;
    return (
      <>
        <h1>Compare two executions</h1>
        {found.error.status > 0 || found.error.type === 'Unreachable' ? <ErrorBox error={found.error} onRetry={found.reload} />
          : <Note kind="warning">{found.error.message}</Note>}
        <PartnerForm a={isRelative(a) ? null : a} />
      </>);
  }
  return <Comparison a={a} b={b} />;
}

function Comparison({ a, b }: { a: string; b: string }): VNode {
  const { namespace, params } = route.value;
  const truncated = params.get('truncated') === 'replay' ? 'replay' : 'say';
  const question = useLoad(`${namespace}/${a}/${b}/${truncated}`, async (signal) => exactDiff(await diffText(JSON.stringify({ a, b, times: true, truncated }), signal)));
  // The records have every document of every boundary, of which the comparison has the first hundred that changed.
  const records = useLoad(`${namespace}/${a}/${b}`, (signal) => Promise.all([getExecution(a, {}, signal), getExecution(b, {}, signal)]));

  const diff = question.data;
  const stage = Number.parseInt(params.get('stage') ?? '', 10);
  const selected = diff && stage >= 0 && stage < diff.stages.length ? stage : null;
  const tab = ['pipeline', 'inputs'].includes(params.get('tab') ?? '') ? params.get('tab')! : 'documents';
  const select = (pair: number | null) => go(withParams({ stage: pair === null ? null : String(pair), tab: null }), 'replace');
  const swap = () => go(href(namespace, 'compare', [b, a], params), 'replace');
  useShortcuts([
    { keys: 's', says: 'Swap the two', run: swap },
    { keys: '[', says: 'Stage before', run: () => { if (diff) select(selected === null ? diff.stages.length - 1 : Math.max(0, selected - 1)); } },
    { keys: ']', says: 'Next stage', run: () => { if (diff) select(selected === null ? null : selected + 1 < diff.stages.length ? selected + 1 : null); } },
    ...['documents', 'pipeline', 'inputs'].map((name, i) => ({
      keys: String(i + 1), says: `Show the ${name}`, run: () => go(withParams({ tab: name === 'documents' ? null : name }), 'replace') })),
  ]);

  const boundary = useMemo(() => {
    if (!diff || !records.data || records.isOld) return null;
    const [first, second] = records.data;
    const pair = selected === null ? null : diff.stages[selected]!;
    const title = pair === null ? 'in the results' : `after ${(pair.a ?? pair.b)!.stage_name}`;
    if (pair && (pair.a === null || pair.b === null)) return null;
    return boundaryOf(first!, second!, pair?.a?.stage_index ?? null, pair?.b?.stage_index ?? null, title, (pair === null ? diff.results : pair.candidates) ?? null);
  }, [diff, records.data, records.isOld, selected]);

  // Of a pair that cannot be compared, the one before it says nothing.
  if (!diff || (question.error && question.isOld && (diff.a.execution_id !== a || diff.b.execution_id !== b))) {
    return (
      <>
        <h1>Compare two executions</h1>
        {question.error ? <ErrorBox error={question.error} onRetry={question.reload} /> : <Skeleton />}
        {question.error && <PartnerForm a={question.error.details.location === 'a' ? null : a} key={a} />}
      </>);
  }
  const pair = selected === null ? null : diff.stages[selected]!;
  const [recordA, recordB] = records.isOld ? [null, null] : records.data ?? [null, null];
  return (
    <div class={`stack compare${question.isOld ? ' is-old' : ''}`}>
      <div class="line">
        <h1>Compare</h1>
        <span class="spring" />
        <Menu label="Compare A with" title="Another one to compare A with" align="end" items={[
          { label: 'the one before of its shape', href: href(namespace, 'compare', [a, BEFORE_OF_SHAPE]) },
          { label: 'the one before with its inputs', href: href(namespace, 'compare', [a, BEFORE_OF_INPUTS]) },
          { label: 'the latest', href: href(namespace, 'compare', [a, 'latest']) },
          { label: 'another one …', href: href(namespace, 'compare', [a]), separated: true },
        ]} />
      </div>
      <div class="compare-sides">
        <Side name="A" side={diff.a} record={recordA} />
        <button type="button" class="compare-swap" onClick={swap} title="Swap the two (s)"><span aria-hidden="true">⇄</span> swap</button>
        <Side name="B" side={diff.b} record={recordB} />
      </div>
      {question.error && <ErrorBox error={question.error} onRetry={question.reload} />}
      <p class="compare-sentence" role="status">{diff.sentence}</p>
      <Cause diff={diff} nameOf={(path) => stageOfPath(path, recordA, recordB)} />
      {diff.times_sentence && <p class="soft">{diff.times_sentence}</p>}
      <Unknown diff={diff} isReplayed={truncated === 'replay'} />
      <div class="line compare-figures">
        <Measures list={diff.results} />
        <Versions a={diff.a} b={diff.b} />
      </div>
      <Stages diff={diff} selected={selected} onSelect={select} />
      <Tabs label="What is compared" selected={tab} onSelect={(name) => go(withParams({ tab: name === 'documents' ? null : name }), 'replace')} tabs={[
        { name: 'documents', title: 'Documents' },
        { name: 'pipeline', title: <>Pipeline {numberOf(diff.pipeline)}</> },
        { name: 'inputs', title: <>Inputs {numberOf(diff.inputs)}</> },
      ]}>
        {tab === 'pipeline' && <Changes changes={diff.pipeline} what="pipelines" nameOf={(path) => stageOfPath(path, recordA, recordB)} />}
        {tab === 'inputs' && <Changes changes={diff.inputs} what="inputs" />}
        {tab === 'documents' && (
          boundary && recordA && recordB
            ? <Documents a={recordA} b={recordB} boundary={boundary} onlyChanged={params.get('only') === 'changed'}
                onOnlyChanged={(on) => go(withParams({ only: on ? 'changed' : null }))} />
            : records.error ? <ErrorBox error={records.error} onRetry={records.reload} />
              : pair && (pair.a === null || pair.b === null) ? <Empty title={`Only ${pair.a ? 'A' : 'B'} has this stage`}><p>There is nothing to set its documents beside.</p></Empty>
                : <Skeleton />)}
      </Tabs>
    </div>);
}

// Values of pipelines and inputs as they are; two large integers that differ are not shown as one.
function exactDiff(text: string): ExecutionDiff {
  const { pipeline, inputs } = parseExact(text) as ExecutionDiff;
  return { ...(JSON.parse(text) as ExecutionDiff), pipeline, inputs };
}

const numberOf = (changes: ExecutionDiff['pipeline']) => (changes === null ? '(unknown)' : changes.length > 0 ? `(${changes.length})` : '');

function stageOfPath(path: string, a: ExecutionDetail | null, b: ExecutionDetail | null): string | null {
  const place = /^\/stages\/(\d+)/.exec(path)?.[1];
  if (place === undefined) return null;
  const names = (run: ExecutionDetail | null) => (run?.pipeline as { stages?: { stage_name?: string }[] } | null)?.stages?.[Number(place)]?.stage_name;
  return names(a) ?? names(b) ?? null;
}

const SHOWN = 4; // Changes that stand beside the sentence; the others are in their tab.

/** What was changed, where that is why they part. */
function Cause({ diff, nameOf }: { diff: ExecutionDiff; nameOf: (path: string) => string | null }): VNode | null {
  const isPipeline = diff.cause === 'parameters';
  const changes = isPipeline ? diff.pipeline : diff.cause === 'inputs' ? diff.inputs : null;
  if (!changes || changes.length === 0) return null;
  return (
    <ul class="compare-cause" aria-label={isPipeline ? 'What differs in the pipelines' : 'What differs in the inputs'}>
      {changes.slice(0, SHOWN).map((change) => (
        <li key={change.path}>
          {isPipeline && nameOf(change.path) && <><bdi>{nameOf(change.path)}</bdi>: </>}
          <bdi>{shortPath(change.path)}</bdi> <Short value={change.before} /> <span aria-label="becomes">→</span> <Short value={change.after} />
        </li>))}
      {changes.length > SHOWN && (
        <li><button type="button" class="plain link" onClick={() => go(withParams({ tab: isPipeline ? 'pipeline' : 'inputs' }), 'replace')}>
          {plural(changes.length - SHOWN, 'more change', 'more changes')}</button></li>)}
    </ul>);
}

/** A pointer without what every stage has before its parameters. */
const shortPath = (path: string) => path.replace(/^\/stages\/\d+\//, '').replace(/^config\/parameters\//, '').replace(/^\//, '').replaceAll('/', ' › ') || 'all of it';

function Short({ value }: { value: unknown }): VNode {
  if (value === undefined) return <span class="soft">not there</span>;
  const text = stringifyExact(value);
  return <code title={text.length > 60 ? text.slice(0, 1000) : undefined}><bdi>{text.length > 60 ? `${text.slice(0, 60)}…` : text}</bdi></code>;
}

function Side({ name, side, record }: { name: 'A' | 'B'; side: DiffSide; record: ExecutionDetail | null }): VNode {
  const { namespace } = route.value;
  return (
    <section class="compare-side" aria-label={`Execution ${name}`}>
      <div class="line compare-id">
        <strong class="compare-letter">{name}</strong>
        <a href={href(namespace, 'executions', [side.execution_id])} title={side.execution_id}><bdi>{side.execution_id}</bdi></a>
        <Copy text={side.execution_id} shown="" />
      </div>
      <div class="line"><Status row={side} /><span>{plural(side.total_returned, 'document', 'documents')}</span>
        <span>{duration(side.duration_ms)}{side.usual_ms && <span class="soft"> usually {duration(side.usual_ms.p50)}</span>}</span>
        <time dateTime={side.timestamp} title={longTime(side.timestamp)} class="soft">{shortTime(side.timestamp)}</time></div>
      <div class="line">
        {record?.query_summary && <span class="compare-query" title={record.query_summary}><bdi>{record.query_summary}</bdi></span>}
        {record && record.execution_mode !== 'adhoc' && <span class="soft">{record.execution_mode}</span>}
        <span class="spring" />
        <a href={href(namespace, 'play', [], { from: side.execution_id })}>open in the playground</a>
      </div>
    </section>);
}

function Unknown({ diff, isReplayed }: { diff: ExecutionDiff; isReplayed: boolean }): VNode | null {
  const isCut = diff.results.cut_short || diff.stages.some(({ candidates }) => candidates?.cut_short);
  if (diff.unknown.length === 0 && !isReplayed) return null;
  const again = diff.a.replayed && diff.b.replayed ? 'A and B were' : diff.a.replayed ? 'A was' : diff.b.replayed ? 'B was' : null;
  return (
    <Note kind={diff.unknown.length > 0 ? 'warning' : 'info'}>
      {diff.unknown.length > 0 && (
        <><strong>What cannot be known from these records</strong><ul>{diff.unknown.map((one) => <li key={one}>{one}</li>)}</ul></>)}
      {isReplayed && again && <p>{again} run again over the documents of then to complete lists that were cut short; that left no trace.</p>}
      {isCut && !isReplayed && (
        <p><button type="button" onClick={() => go(withParams({ truncated: 'replay' }))}>Run again for the lists that were cut short</button>
          <span class="soft"> over the documents of then; leaves no trace</span></p>)}
    </Note>);
}

function Measures({ list }: { list: ListDiff }): VNode {
  const figures: [string, string, string][] = [
    ['overlap@10', percent(list.overlap_at_10), 'How many of the first ten results both have'],
    ['RBO', score(list.rbo), 'Rank-biased overlap, p = 0.9: 1 is the same order, and the first ranks weigh most'],
    ['Kendall’s τ', score(list.kendall_tau), 'The order of the documents that both have: 1 is the same, -1 the reverse'],
  ];
  return (
    <dl class="compare-measures" aria-label="Results of both, measured">
      {figures.map(([name, value, help]) => <div key={name} title={help}><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>);
}

/** The collections whose documents were not the same. */
function Versions({ a, b }: { a: DiffSide; b: DiffSide }): VNode | null {
  const of = (side: DiffSide) => new Map(side.collection_versions.map((one) => [one.collection_id, one.version]));
  const [inA, inB] = [of(a), of(b)];
  const ids = [...new Set([...inA.keys(), ...inB.keys()])];
  if (ids.length === 0) return null;
  const word = (version: number | undefined) => (version === undefined ? 'not searched' : `version ${version}`);
  return (
    <p class="line compare-versions">
      {ids.map((id) => (inA.get(id) === inB.get(id)
        ? <span class="soft" key={id}><bdi>{collectionName(id)}</bdi>: {word(inA.get(id))} in both</span>
        : <span class="warn" key={id}><span aria-hidden="true">!</span> <bdi>{collectionName(id)}</bdi>: {word(inA.get(id))} in A, {word(inB.get(id))} in B</span>))}
    </p>);
}

// A chart over time: stacked bars or lines, drawn as SVG in the page's own colours. A stretch of it is
// chosen by dragging, or with the keyboard: arrows move, Shift extends, Enter takes. All numbers are in
// a table as well.
import type { VNode } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { longTime, shortTime } from '../state/format';
import { bucketsBetween, timeTicks, valueTicks, type Bucket } from '../state/chart';

export interface Series {
  title: string;
  kind: 'bar' | 'line'; // Bars are stacked in this order, the first at the bottom.
  tone: 'plain' | 'bad' | 'warn' | 'accent' | 'soft';
  values: readonly (number | null)[]; // One for each bucket.
  isDashed?: boolean;
}

export interface ChartProps {
  label: string;
  buckets: readonly Bucket[];
  from: number; // What the axis shows, in milliseconds since 1970.
  to: number;
  series: readonly Series[];
  format: (value: number) => string;
  height?: number;
  isPartial?: boolean; // Counted in part: hatched.
  isOld?: boolean;
  onBrush?: (first: Bucket, last: Bucket) => void;
  onPick?: (bucket: Bucket) => void; // A click that chooses no stretch.
  onZoomOut?: () => void;
}

const LEFT = 46;
const BOTTOM = 18;
const TOP = 4;

export function Chart(props: ChartProps): VNode {
  const { buckets, from, to, series, format, height = 92 } = props;
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  const [at, setAt] = useState<number | null>(null); // The bucket under the pointer, or the keyboard's.
  const [anchor, setAnchor] = useState<number | null>(null); // Where a choice began.
  const [isDragging, setDragging] = useState(false);
  const [hasTable, showTable] = useState(false);
  const hatch = useId();
  useLayoutEffect(() => {
    const measure = () => setWidth(Math.max(160, box.current!.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    setAt(null);
    setAnchor(null);
    setDragging(false);
  }, [from, to, buckets.length]);

  const inner = width - LEFT - 4;
  const floor = height - BOTTOM;
  const x = (ms: number) => LEFT + ((Math.min(Math.max(ms, from), to) - from) / Math.max(1, to - from)) * inner;
  const bars = series.filter(({ kind }) => kind === 'bar');
  const stacked = buckets.map((_, i) => bars.reduce((sum, { values }) => sum + (values[i] ?? 0), 0));
  const lines = series.filter(({ kind }) => kind === 'line');
  const max = Math.max(0, ...stacked, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const ticks = valueTicks(max, height > 140 ? 4 : 3);
  const top = ticks[ticks.length - 1]!;
  const y = (value: number) => floor - (value / top) * (floor - TOP);

  const said = (i: number): string => {
    const bucket = buckets[i]!;
    return `${shortTime(bucket.start)}: ${series.map(({ title, values }) => `${values[i] === null || values[i] === undefined ? '–' : format(values[i]!)} ${title}`).join(', ')}`;
  };
  const chosen: [number, number] | null = at !== null && anchor !== null ? [Math.min(at, anchor), Math.max(at, anchor)] : null;
  const take = (range: [number, number] | null) => {
    setAnchor(null);
    if (range) props.onBrush?.(buckets[range[0]]!, buckets[range[1]]!);
  };

  const bucketAt = (event: PointerEvent): number | null => {
    const left = box.current!.getBoundingClientRect().left;
    const ms = from + ((event.clientX - left - LEFT) / inner) * (to - from);
    return bucketsBetween(buckets, ms, ms)?.[0] ?? (buckets.length === 0 ? null : ms < buckets[0]!.start ? 0 : buckets.length - 1);
  };
  const pressed = useRef(0);
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0 || !props.onBrush) return;
    box.current!.setPointerCapture(event.pointerId);
    pressed.current = event.clientX;
    setAnchor(null);
    setDragging(true);
  };
  const onPointerMove = (event: PointerEvent) => {
    const bucket = bucketAt(event);
    setAt(bucket);
    if (isDragging && anchor === null && Math.abs(event.clientX - pressed.current) > 4) {
      const left = box.current!.getBoundingClientRect().left;
      const ms = from + ((pressed.current - left - LEFT) / inner) * (to - from);
      setAnchor(bucketsBetween(buckets, ms, ms)?.[0] ?? bucket);
    }
  };
  const onPointerUp = () => {
    if (isDragging && chosen) take(chosen);
    else if (isDragging && at !== null && buckets[at]) props.onPick?.(buckets[at]);
    setDragging(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || buckets.length === 0) return;
    const last = buckets.length - 1;
    const to = { ArrowLeft: (at ?? buckets.length) - 1, ArrowRight: (at ?? -1) + 1, Home: 0, End: last }[event.key];
    if (to !== undefined) {
      const next = Math.min(Math.max(0, to), last);
      setAnchor(event.shiftKey ? anchor ?? at ?? next : null);
      setAt(next);
    } else if (event.key === 'Enter' && at !== null && props.onBrush) take(chosen ?? [at, at]);
    else if (event.key === 'Escape' && (at !== null || anchor !== null)) {
      setAt(null);
      setAnchor(null);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const gap = inner / Math.max(1, buckets.length) > 4 ? 1 : 0;
  return (
    <div class={`chart${props.isOld ? ' is-old' : ''}`} role="group" aria-label={props.label}>
      <div class="chart-box" ref={box} tabIndex={0} role="slider" aria-label={`${props.label}. Arrows move, Shift with arrows extends${props.onBrush ? ', Enter takes the stretch' : ''}`}
        aria-valuemin={0} aria-valuemax={Math.max(0, buckets.length - 1)} aria-valuenow={at ?? 0} aria-valuetext={at === null || !buckets[at] ? 'Nothing is chosen' : said(at)}
        onKeyDown={onKeyDown} onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerUp={onPointerUp}
        onPointerCancel={() => { setDragging(false); setAnchor(null); }} onPointerLeave={() => { if (!isDragging) setAt(null); }} onDblClick={props.onZoomOut}>
        <svg width={width} height={height} aria-hidden="true" focusable="false">
          {props.isPartial && (
            <defs><pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="chart-hatch" x1="0" y1="0" x2="0" y2="6" /></pattern></defs>)}
          {ticks.map((tick) => (
            <g key={tick}>
              <line class="chart-grid" x1={LEFT} x2={width - 4} y1={y(tick)} y2={y(tick)} />
              <text class="chart-text is-end" x={LEFT - 6} y={Math.max(9, y(tick) + 4)} text-anchor="end">{tick === 0 ? '0' : format(tick)}</text>
            </g>))}
          {timeTicks(from, to, Math.max(2, Math.floor(inner / 90))).map((tick) => (
            <text class="chart-text" key={tick.at} x={Math.min(Math.max(x(tick.at), LEFT + 14), width - 22)} y={height - 4} text-anchor="middle">{tick.label}</text>))}
          {bars.length > 0 && buckets.map((bucket, i) => {
            let base = 0;
            const left = x(bucket.start);
            const wide = Math.max(1, x(bucket.end) - left - gap);
            return bars.map((one, k) => {
              const value = one.values[i] ?? 0;
              if (value <= 0) return null;
              const bottom = y(base);
              base += value;
              // What there is can be seen, however little of the whole it is.
              const tall = Math.max(1, bottom - y(base));
              return <rect key={`${i} ${k}`} class={`tone-${one.tone}`} x={left} y={bottom - tall} width={wide} height={tall} />;
            });
          })}
          {props.isPartial && <rect x={LEFT} y={TOP} width={inner} height={floor - TOP} fill={`url(#${hatch})`} />}
          {lines.map((one) => <Line key={one.title} series={one} buckets={buckets} x={x} y={y} />)}
          {at !== null && buckets[at] && <line class="chart-cursor" x1={(x(buckets[at].start) + x(buckets[at].end)) / 2} x2={(x(buckets[at].start) + x(buckets[at].end)) / 2} y1={TOP} y2={floor} />}
          {chosen && <rect class="chart-chosen" x={x(buckets[chosen[0]]!.start)} width={Math.max(2, x(buckets[chosen[1]]!.end) - x(buckets[chosen[0]]!.start))} y={TOP} height={floor - TOP} />}
        </svg>
      </div>
      <div class="chart-foot soft">
        <span class="chart-said">{at !== null && buckets[at] ? said(at) : (
          series.length > 1 ? series.map((one) => <span key={one.title}><i class={`chart-key tone-${one.tone}${one.isDashed ? ' is-dashed' : ''}`} aria-hidden="true" /> {one.title} </span>) : series[0]?.title)}</span>
        {props.isPartial && <span class="warn">counted in part</span>}
        <button type="button" class="plain" aria-expanded={hasTable} onClick={() => showTable(!hasTable)}>{hasTable ? 'hide the numbers' : 'numbers'}</button>
      </div>
      {hasTable && (
        <div class="chart-table" tabIndex={0} role="region" aria-label={`Numbers of ${props.label}`}>
          <table>
            <thead><tr><th scope="col">From</th>{series.map(({ title }) => <th scope="col" key={title}>{title}</th>)}</tr></thead>
            <tbody>
              {buckets.map((bucket, i) => (
                <tr key={bucket.start}><th scope="row">{longTime(bucket.start)}</th>
                  {series.map(({ title, values }) => <td key={title}>{values[i] === null || values[i] === undefined ? '–' : format(values[i]!)}</td>)}
                </tr>))}
            </tbody>
          </table>
        </div>)}
    </div>);
}

// A line breaks where there is no value.
function Line({ series, buckets, x, y }: { series: Series; buckets: readonly Bucket[]; x: (ms: number) => number; y: (value: number) => number }): VNode {
  let path = '';
  let isDown = false;
  const dots: [number, number][] = [];
  buckets.forEach((bucket, i) => {
    const value = series.values[i];
    if (value === null || value === undefined) {
      isDown = false;
      return;
    }
    const point: [number, number] = [(x(bucket.start) + x(bucket.end)) / 2, y(value)];
    path += `${isDown ? 'L' : 'M'}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    const isAlone = !isDown && (series.values[i + 1] === null || series.values[i + 1] === undefined);
    if (isAlone) dots.push(point);
    isDown = true;
  });
  return (
    <g class={`chart-line tone-${series.tone}${series.isDashed ? ' is-dashed' : ''}`}>
      <path d={path} />{dots.map(([cx, cy]) => <circle key={cx} cx={cx} cy={cy} r="2.5" />)}
    </g>);
}

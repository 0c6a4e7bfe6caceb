import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FiguresRow } from '../src/api/schema';
import { csvOf } from '../src/state/csv';
import { beside, bucketsOf, changeOf, conditionsOfRow, errorPattern, mostOf, shiftOf, sortedRows } from '../src/state/figures';

function row(fields: Partial<FiguresRow> & { p95?: number | null }): FiguresRow {
  const { p95 = null, ...others } = fields;
  return {
    count: 1, error_count: 0, error_rate: 0, completed_count: 1, zero_result_count: 0, zero_result_rate: 0,
    duration_ms: { avg: p95, p50: p95, p90: p95, p95, p99: p95, max: p95 }, credits_used: { total: 0, avg: 0 }, cache_hit_rate: null, ...others,
  };
}

test('a row leads to the executions that it counts', () => {
  const base = { start_time: '-24h', status: 'failed' };
  assert.deepEqual(conditionsOfRow(base, 'shape', 'abc'), { ...base, shape: 'abc' });
  assert.deepEqual(conditionsOfRow(base, 'collection', 'col_1'), { ...base, collection_ids: ['col_1'] });
  assert.deepEqual(conditionsOfRow({ ...base, labels: { a: 'b' } }, 'label:team', 'x'), { ...base, labels: { a: 'b', team: 'x' } });
  // What is asked already stays asked.
  assert.deepEqual(conditionsOfRow(base, 'status', 'completed'), { ...base, filters: { field: 'status', operator: 'eq', value: 'completed' } });
  assert.deepEqual(conditionsOfRow({ collection_ids: ['a', 'b'] }, 'collection', 'a'),
    { collection_ids: ['a', 'b'], filters: { field: 'collection_ids', operator: 'eq', value: 'a' } });
  // Those that have none.
  assert.deepEqual(conditionsOfRow({}, 'caller', null), { filters: { field: 'caller', operator: 'is_null' } });
  assert.equal(conditionsOfRow({}, 'stage', null), null);
  assert.deepEqual(conditionsOfRow({ filters: { OR: [] } }, 'label:team', null),
    { filters: { AND: [{ OR: [] }, { field: 'labels.team', operator: 'is_null' }] } });
});

test('a kind of error matches the errors that it was made of', () => {
  const matches = (kind: string, error: string) => new RegExp(errorPattern(kind).replace('(?s)', ''), 's').test(error);
  const kind = "stages[N].config.parameters.value '…' is not a valid regular expression: a '…' has no '…'; write '…' for the character";
  assert.ok(matches(kind, "stages[1].config.parameters.value '(un\nclosed' is not a valid regular expression: a '(' has no ')'; write '\\(' for the character"));
  assert.ok(!matches(kind, "stages[1].config.parameters.value '(' is too long"));
  assert.ok(matches('it took N ms, Nms; NOT of …', 'it took 12.5 ms, 1,000ms; NOT of exec_01M8N7SJ535FEKG0FBMYEX2B1M'));
  assert.ok(matches('x'.repeat(299) + '…', 'x'.repeat(299) + ' and so on'));
});

test('rows are sorted by any figure, and those without one come last', () => {
  const rows = [row({ status: 'a', p95: 3 }), row({ status: 'b', p95: null }), row({ status: 'c', p95: 9 })];
  const order = (sort: string) => sortedRows(rows, sort).map(({ status }) => status).join('');
  assert.equal(order('-p95'), 'cab');
  assert.equal(order('p95'), 'acb');
  assert.equal(order('nonsense'), 'abc');
});

test('an earlier range lies below the one it is compared with', () => {
  const HOUR = 3_600_000;
  const at = (hour: number, count: number) => row({ bucket_start: new Date(hour * HOUR).toISOString(), bucket_end: new Date((hour + 1) * HOUR).toISOString(), count });
  const now = [at(100, 1), at(101, 2), at(102, 3)];
  const earlier = [at(77, 20), at(78, 30)];
  assert.deepEqual(beside(bucketsOf(now), earlier, shiftOf('day', { from: 0, to: 1 })).map((one) => one?.count ?? null), [null, 20, 30]);
  assert.equal(shiftOf('previous', { from: 10, to: 25 }), 15);
});

test('changes are said', () => {
  assert.equal(changeOf(15, 10), '+50 %');
  assert.equal(changeOf(5, 10), '−50 %');
  assert.equal(changeOf(5, 0), 'none before');
  assert.equal(changeOf(5, 5), 'the same');
  assert.equal(changeOf(null, 5), null);
});

test('what has most of something', () => {
  const found = mostOf([row({ status: 'a', error_count: 1 }), row({ status: 'b', error_count: 3 })], ({ error_count }) => error_count);
  assert.deepEqual([found?.row.status, found?.value, found?.share], ['b', 3, 0.75]);
  assert.equal(mostOf([row({})], ({ error_count }) => error_count), null);
});

test('a table as CSV keeps what it holds, and no spreadsheet runs it', () => {
  assert.equal(csvOf(['name', 'runs'], [['a "b", c', 1.5], ['=HYPERLINK("x")', -2], [null, null]]),
    'name,runs\r\n"a ""b"", c",1.5\r\n"\'=HYPERLINK(""x"")",-2\r\n,\r\n');
});

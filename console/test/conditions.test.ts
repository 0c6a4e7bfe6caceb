import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionsOf, filterOf, OPERATORS, takesValue, valueOf, withCondition, written, type Condition, type Operator } from '../src/state/conditions';

const year: Condition = { field: 'year', operator: 'gte', value: 1850, not: false };
const author: Condition = { field: 'author', operator: 'eq', value: 'Melville', not: true };

test('conditions and filters lead to each other', () => {
  const values = [0, -1.5, '', 'a "b"', true, null, ['x', 1], { a: 1 }];
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  const operators = Object.keys(OPERATORS) as Operator[];
  for (let round = 0; round < 2000; ++round) {
    const conditions = Array.from({ length: random(5) }, (): Condition => {
      const operator = operators[random(operators.length)]!;
      return { field: ['a', 'a.b', 'AND', '__proto__'][random(4)]!, operator, value: takesValue(operator) ? values[random(values.length)] : undefined, not: random(2) === 1 };
    });
    const filter = filterOf(conditions);
    assert.deepEqual(conditionsOf(JSON.parse(JSON.stringify(filter))) ?? null, conditions, JSON.stringify(filter));
  }
});

test('a filter that is more than a list of conditions is told from one', () => {
  for (const filter of [{ OR: [{ field: 'a', value: 1 }] }, { AND: [{ OR: [] }] }, { field: 'a', operator: 'near', value: 1 }, { 'labels.team': 'x' },
    { field: 'a', value: 1, case_sensitive: true }, { AND: [{ field: 'a', value: 1 }], NOT: [] }, { NOT: [{ field: 'a', value: 1 }, { field: 'b', value: 1 }] }]) {
    assert.equal(conditionsOf(filter), null, JSON.stringify(filter));
    // It stays whole when a condition comes to it.
    assert.deepEqual(withCondition(filter, year), { AND: [filter, { field: 'year', operator: 'gte', value: 1850 }] });
  }
  assert.deepEqual(conditionsOf(null), []);
  assert.deepEqual(conditionsOf({}), []);
});

test('a condition is there once, and its contrary goes', () => {
  const one = withCondition(null, author);
  assert.deepEqual(withCondition(one, author), one);
  assert.deepEqual(withCondition(one, { ...author, not: false }), { field: 'author', operator: 'eq', value: 'Melville' });
  assert.equal(conditionsOf(withCondition(one, year))!.length, 2);
});

test('conditions are written as one would say them', () => {
  assert.equal(written(year), 'year ≥ 1850');
  assert.equal(written(author), 'not: author is Melville');
  assert.equal(written({ field: 'a', operator: 'exists', value: undefined, not: false }), 'a exists');
  assert.equal(written({ field: 'a', operator: 'eq', value: '', not: false }), 'a is ""');
});

test('what is typed has the type of its field', () => {
  assert.equal(valueOf('1850', 'eq', 'number'), 1850);
  assert.equal(valueOf('1850', 'eq', 'text'), '1850');
  assert.equal(valueOf('"1850"', 'eq', 'number'), '1850');
  assert.equal(valueOf('true', 'eq', undefined), true);
  assert.equal(valueOf('007', 'regex', undefined), '007');
  assert.deepEqual(valueOf('1, 2,x', 'in', undefined), [1, 2, 'x']);
});

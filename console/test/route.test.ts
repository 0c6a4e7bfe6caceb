import assert from 'node:assert/strict';
import { test } from 'node:test';
import { href, parseRoute, SCREENS } from '../src/state/route';
import { chance, texts } from './chance';

test('a place that is written is read as it was', () => {
  const next = chance(1);
  for (let round = 0; round < 3000; ++round) {
    const screen = SCREENS[next(SCREENS.length)]!;
    const namespace = texts(next) || 'default';
    const path = Array.from({ length: next(4) }, () => texts(next)).filter((one) => one !== '');
    const params = new URLSearchParams(Array.from({ length: next(4) }, () => [texts(next), texts(next)]));
    const fragment = href(namespace, screen, path, params);
    const read = parseRoute(fragment);
    const well = (text: string) => text.replace(/\p{Surrogate}/gu, '\uFFFD');
    assert.equal(read.note, null, fragment);
    assert.equal(read.namespace, well(namespace));
    assert.equal(read.screen, screen);
    assert.deepEqual(read.path, path.map(well));
    assert.equal(read.params.toString(), params.toString());
  }
});

test('any text is a place, and the place that it leads to stays', () => {
  const next = chance(2);
  const pieces = ['#', '/', '//', '?', '&', '=', '%', '%2', '%zz', '%ff', '#/', 'default', ...SCREENS, '\ud800', '..', 'key=sk_x', ' '];
  for (let round = 0; round < 5000; ++round) {
    let text = '';
    for (let n = next(9); n > 0; --n) text += next(3) === 0 ? texts(next) : pieces[next(pieces.length)]!;
    const read = parseRoute(text, 'last');
    assert.ok(SCREENS.includes(read.screen));
    assert.ok(read.namespace !== '');
    const written = href(read.namespace, read.screen, read.path, read.params);
    const again = parseRoute(written, 'another');
    assert.equal(href(again.namespace, again.screen, again.path, again.params), written, JSON.stringify(text));
    assert.equal(again.note, null);
  }
});

test('what is not understood is said, and leads to the list', () => {
  for (const fragment of ['#nonsense', '#/default/nowhere', '#/%zz/stats', '#/default/executions/%ff']) {
    const read = parseRoute(fragment, 'last');
    assert.equal(read.screen, 'executions', fragment);
    assert.ok(read.note, fragment);
  }
  assert.match(parseRoute('#/default/nowhere').note!, /nowhere/);
});

test('an empty fragment is the list of the last namespace', () => {
  for (const fragment of ['', '#', '#/']) {
    const { namespace, screen, note } = parseRoute(fragment, 'staging');
    assert.deepEqual([namespace, screen, note], ['staging', 'executions', null]);
  }
});

test('an id with any characters is one part of the path', () => {
  const id = 'a/b?c#d%e&f=é\u202e👍 ';
  assert.deepEqual(parseRoute(href('default', 'executions', [id])).path, [id]);
});

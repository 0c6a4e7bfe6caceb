// Goal: a stream gives the same events however its bytes are cut, and following one loses none.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ApiError } from '../src/api/client';
import { EventParser, type ServerEvent } from '../src/api/events';
import { follow, type FollowState } from '../src/state/follow';

const STREAM = '\ufeffretry: 2000\n\n: alive\r\n\r\nevent: execution_ended\nid: a1\ndata: {"q":"é 😀"}\n\nevent:dropped\r\ndata:one\r\ndata: two\r\n\r\nid: a2\rdata\r\rdata: last\nid: \u0000\n\nevent: never whole\ndata: x\n';
const EVENTS: ServerEvent[] = [
  { event: 'execution_ended', data: '{"q":"é 😀"}', id: 'a1' }, { event: 'dropped', data: 'one\ntwo', id: 'a1' },
  { event: 'message', data: '', id: 'a2' }, { event: 'message', data: 'last', id: 'a2' },
];

test('a stream cut at every byte gives the same events', () => {
  const bytes = new TextEncoder().encode(STREAM);
  for (let cut = 0; cut <= bytes.length; ++cut) {
    const parser = new EventParser();
    assert.deepEqual([...parser.push(bytes.subarray(0, cut)), ...parser.push(bytes.subarray(cut))], EVENTS, `cut at ${cut}`);
    assert.equal(parser.retryMs, 2000);
  }
  const parser = new EventParser();
  assert.deepEqual([...bytes].flatMap((byte) => parser.push(Uint8Array.of(byte))), EVENTS);
});

// A server whose replies are told beforehand, and a page that is looked at.
function stage(replies: (string | Error)[]): { asked: (string | null)[]; states: FollowState[]; events: string[]; done: Promise<void>; start: () => () => void } {
  const page = { visibilityState: 'visible', addEventListener: () => undefined, removeEventListener: () => undefined };
  Object.assign(globalThis, { document: page, window: globalThis });
  const asked: (string | null)[] = [];
  const states: FollowState[] = [];
  const events: string[] = [];
  let end: () => void = () => undefined;
  const done = new Promise<void>((resolve) => { end = resolve; });
  const start = () => follow({
    since: 'begin', pollMs: 1,
    open: async (since, once) => {
      asked.push(once ? `${since} once` : since);
      const reply = replies.shift();
      if (reply === undefined) {
        end();
        return new Promise<Response>(() => undefined);
      }
      if (reply instanceof Error) throw reply;
      return new Response(reply);
    },
    onEvent: (event) => events.push(event.data), onState: (state) => { states.push(state); if (state.kind === 'ended') end(); },
  });
  return { asked, states, events, done, start };
}

test('a stream that broke is taken up at the last event', async () => {
  const it = stage(['id: 1\ndata: a\n\nid: 2\ndata: b\n\n', 'id: 3\ndata: c\n\n']);
  const stop = it.start();
  await it.done;
  stop();
  assert.deepEqual(it.events, ['a', 'b', 'c']);
  assert.deepEqual(it.asked, ['begin', '2', '3']);
});

test('without a free stream it asks', async () => {
  const busy = new ApiError(503, 'UnavailableError', 'All streams are in use.');
  const it = stage([busy, 'id: 1\ndata: a\n\n', 'id: 2\ndata: b\n\n']);
  const stop = it.start();
  await it.done;
  stop();
  assert.deepEqual(it.asked, ['begin', 'begin once', '1 once', '2 once']);
  assert.deepEqual(it.events, ['a', 'b']);
});

test('what the server ended for good is not asked again', async () => {
  for (const reply of ['event: closed\ndata: {"reason":"key","message":"The key was revoked."}\n\n', new ApiError(422, 'ValidationError', 'No.')]) {
    const it = stage([reply, 'data: never\n\n']);
    it.start();
    await it.done;
    assert.deepEqual(it.asked, ['begin']);
    assert.equal(it.states.at(-1)!.kind, 'ended');
  }
});

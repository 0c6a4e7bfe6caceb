// The page at /docs: shows /openapi.json and tries its calls. No library, no other host.
// Everything is made as DOM nodes, never as HTML text, so nothing that a server or a user
// writes can become markup.
'use strict';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const SHOWN_MAX = 1024 * 1024; // Characters of a reply that the page shows.

let api = null;
let operations = [];
let running = null; // AbortController of the call that is under way.

const byId = (id) => document.getElementById(id);

// make('a', {href: '#x', class: 'y', onclick: f}, 'text', node, …)
function make(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, '');
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// A text in which `backquotes` mark code, as nodes.
function textNodes(text) {
  return (text || '').split('`').map((part, i) => (i % 2 ? make('code', {}, part) : part));
}

// JSON with what fits into a line on one line.
function layOut(value, indent = '') {
  const flat = JSON.stringify(value);
  if (value === null || typeof value !== 'object' || flat.length + indent.length <= 88) {
    return flat === '{}' || flat === '[]' ? flat : spaced(value, flat);
  }
  const inner = indent + '  ';
  const lines = Array.isArray(value)
    ? value.map((one) => inner + layOut(one, inner))
    : Object.entries(value).map(([key, one]) => `${inner}${JSON.stringify(key)}: ${layOut(one, inner)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}

// On one line, with a space behind each colon and comma.
function spaced(value, flat) {
  if (value === null || typeof value !== 'object') return flat;
  if (Array.isArray(value)) return `[${value.map((one) => spaced(one, JSON.stringify(one))).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, one]) => `${JSON.stringify(key)}: ${spaced(one, JSON.stringify(one))}`).join(', ')}}`;
}

function resolve(value) {
  for (let i = 0; i < 16 && value && value.$ref; ++i) {
    const found = value.$ref.replace(/^#\//, '').split('/').reduce((at, key) => at[key], api);
    const { $ref, ...own } = value;
    value = { ...found, ...own };
  }
  return value;
}

// --- the key ---------------------------------------------------------------------------
// It stays in this tab: sessionStorage ends with it, and no other page reads it.

function credentials() {
  return { key: byId('key').value.trim(), namespace: byId('namespace').value.trim() };
}

function keepCredentials() {
  for (const [name, value] of Object.entries(credentials())) {
    if (value) sessionStorage.setItem('trawl-' + name, value);
    else sessionStorage.removeItem('trawl-' + name);
  }
}

function setUpCredentials() {
  byId('key').value = sessionStorage.getItem('trawl-key') || '';
  byId('namespace').value = sessionStorage.getItem('trawl-namespace') || '';
  for (const id of ['key', 'namespace']) {
    byId(id).addEventListener('input', () => {
      keepCredentials();
      document.dispatchEvent(new Event('request-changed'));
    });
  }
  byId('credentials').addEventListener('submit', (event) => event.preventDefault());
  byId('forget').addEventListener('click', () => {
    byId('key').value = '';
    keepCredentials();
    document.dispatchEvent(new Event('request-changed'));
    byId('key').focus();
  });
}

// --- the list of operations ------------------------------------------------------------

function collectOperations() {
  const order = (api.tags || []).map((tag) => tag.name);
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (!operation) continue;
      const parameters = [...(operation.parameters || []), ...(item.parameters || [])].map(resolve);
      const tag = (operation.tags || ['Other'])[0];
      const words = [method, path, operation.summary, operation.description, operation.operationId, tag]
        .join(' ').toLowerCase();
      operations.push({ id: operation.operationId, method, path, tag, operation, parameters, words });
    }
  }
  const place = (tag) => (order.includes(tag) ? order.indexOf(tag) : order.length);
  operations.sort((a, b) => place(a.tag) - place(b.tag));
}

function link(entry) {
  return make('a', { href: '#' + entry.id, title: `${entry.method.toUpperCase()} ${entry.path}` },
    make('span', { class: 'method ' + entry.method }, entry.method),
    make('span', {}, entry.operation.summary || entry.path));
}

function showList() {
  const words = byId('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = operations.filter((entry) => words.every((word) => entry.words.includes(word)));
  const groups = new Map();
  for (const entry of found) {
    if (!groups.has(entry.tag)) groups.set(entry.tag, []);
    groups.get(entry.tag).push(entry);
  }
  const nodes = [];
  for (const [tag, entries] of groups) {
    nodes.push(make('h2', {}, tag), make('ul', {}, ...entries.map((entry) => make('li', {}, link(entry)))));
  }
  byId('operations').replaceChildren(...nodes);
  byId('nothing').hidden = found.length > 0;
  markCurrent();
}

function markCurrent() {
  for (const node of byId('operations').querySelectorAll('a')) {
    if (node.getAttribute('href') === location.hash) {
      node.setAttribute('aria-current', 'page');
      node.scrollIntoView({ block: 'nearest' });
    } else {
      node.removeAttribute('aria-current');
    }
  }
}

// Arrow keys walk from the search through the list and back.
function walkList(event) {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const stops = [byId('search'), ...byId('operations').querySelectorAll('a')];
  const at = stops.indexOf(document.activeElement);
  if (at < 0) return;
  const next = stops[at + (event.key === 'ArrowDown' ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

// --- schemas ---------------------------------------------------------------------------

function typeText(schema) {
  if (schema === true || schema === undefined) return 'anything';
  if (schema === false) return 'nothing';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const alternatives = schema.anyOf || schema.oneOf;
  if (alternatives && !schema.type) {
    return [...new Set(alternatives.map((one) => typeText(resolve(one))))].join(' | ');
  }
  const types = [].concat(schema.type || 'anything');
  return types.map((type) => {
    if (type === 'array') return schema.items ? `[${typeText(resolve(schema.items))}]` : 'array';
    return schema.format && type === 'string' ? `string (${schema.format})` : type;
  }).join(' | ');
}

function limitsText(schema) {
  const parts = [];
  const range = (low, high, what) => {
    if (low !== undefined && high !== undefined) parts.push(`${low} to ${high}${what}`);
    else if (low !== undefined) parts.push(`at least ${low}${what}`);
    else if (high !== undefined) parts.push(`at most ${high}${what}`);
  };
  range(schema.minimum, schema.maximum, '');
  range(schema.minLength > 1 ? schema.minLength : undefined, schema.maxLength, ' characters');
  range(schema.minItems, schema.maxItems, ' items');
  if (schema.default !== undefined) parts.push('default ' + JSON.stringify(schema.default));
  return parts.join(', ');
}

// What lies below a schema: its members, or those of its items and alternatives.
function innerNodes(schema, depth) {
  if (!schema || typeof schema !== 'object' || depth > 6) return [];
  const nodes = [];
  const required = schema.required || [];
  for (const [name, value] of Object.entries(schema.properties || {})) {
    if (value === false) continue;
    nodes.push(schemaItem(name, resolve(value), required.includes(name), depth));
  }
  if (schema.additionalProperties && typeof schema.additionalProperties === 'object') {
    nodes.push(schemaItem('any name', resolve(schema.additionalProperties), false, depth));
  }
  if (schema.items && typeof schema.items === 'object') {
    nodes.push(...innerNodes(resolve(schema.items), depth));
  }
  const alternatives = (schema.anyOf || schema.oneOf || []).map(resolve)
    .filter((one) => one.properties || one.items);
  alternatives.forEach((one, i) => {
    if (alternatives.length === 1) nodes.push(...innerNodes(one, depth));
    else nodes.push(schemaItem(one.title || `form ${i + 1}`, one, false, depth));
  });
  return nodes;
}

function schemaItem(name, schema, isRequired, depth) {
  const head = [
    make('span', { class: 'name' }, name), ' ',
    make('span', { class: 'type' }, typeText(schema)),
    isRequired ? make('span', { class: 'must', title: 'required' }, ' *') : null,
  ];
  const note = [schema.description, limitsText(schema)].filter(Boolean).join('; ');
  if (note) head.push(make('span', { class: 'note' }, ' — ' + note));
  const item = make('li', {});
  const hasInner = schema && typeof schema === 'object' &&
    (schema.properties || schema.items || schema.anyOf || schema.oneOf ||
     typeof schema.additionalProperties === 'object');
  const inner = hasInner ? innerNodes(schema, depth + 1) : [];
  if (inner.length === 0) item.append(...head.filter(Boolean));
  else item.append(make('details', {}, make('summary', {}, ...head), make('ul', {}, ...inner)));
  return item;
}

function schemaNode(schema) {
  schema = resolve(schema);
  const inner = innerNodes(schema, 0);
  const line = make('div', {}, make('span', { class: 'type' }, typeText(schema)),
    schema.description ? make('span', { class: 'note' }, ' — ' + schema.description) : null);
  return make('div', { class: 'schema' }, line, inner.length ? make('ul', {}, ...inner) : null);
}

// --- one operation ---------------------------------------------------------------------

function examplesOf(media) {
  if (media.examples) {
    return Object.values(media.examples).map((one) => ({ summary: one.summary, value: one.value }));
  }
  return media.example === undefined ? [] : [{ summary: 'Example', value: media.example }];
}

function exampleText(value) {
  return typeof value === 'string' ? value : layOut(value);
}

function parameterField(parameter, changed) {
  const schema = resolve(parameter.schema || {});
  const id = 'p-' + parameter.in + '-' + parameter.name;
  let input;
  const choices = schema.enum || (schema.type === 'boolean' ? [true, false] : null);
  if (choices) {
    input = make('select', { id, onchange: changed }, make('option', { value: '' }, '—'),
      ...choices.filter((value) => value !== null)
        .map((value) => make('option', { value: String(value) }, String(value))));
  } else {
    const fallback = schema.default === undefined ? '' : String(schema.default);
    input = make('input', { id, type: 'text', placeholder: fallback, oninput: changed,
      autocomplete: 'off', spellcheck: 'false', required: parameter.required });
  }
  if (parameter.example !== undefined) input.value = parameter.example;
  const note = [parameter.description, limitsText(schema)].filter(Boolean).join('; ');
  const node = make('div', { class: 'field' },
    make('label', { for: id }, parameter.name,
      parameter.required ? make('span', { class: 'must', title: 'required' }, ' *') : null,
      make('span', { class: 'where' }, parameter.in + ' · ' + typeText(schema))),
    make('div', {}, input, note ? make('p', {}, note) : null));
  return { parameter, input, node };
}

// X-Namespace is at the top of the page, so it is left out of the fields.
function isAsked(parameter) {
  return parameter.name !== 'X-Namespace' && !(parameter.in === 'query' && parameter.name === 'namespace');
}

function showOperation(entry) {
  if (running) running.abort();
  const { operation } = entry;
  document.title = `${operation.summary} · Trawl API`;
  const isOpen = Array.isArray(operation.security) && operation.security.length === 0;
  const inNamespace = entry.parameters.some((parameter) => parameter.name === 'X-Namespace');
  const changed = () => showCurl();
  const fields = entry.parameters.filter(isAsked).map((parameter) => parameterField(parameter, changed));

  let bodyInput = null;
  let mediaType = null;
  const bodyNodes = [];
  if (operation.requestBody) {
    const [type, media] = Object.entries(operation.requestBody.content)[0];
    mediaType = type;
    const examples = examplesOf(media);
    bodyInput = make('textarea', { id: 'body', spellcheck: 'false', oninput: changed,
      'aria-label': 'Body of the request' });
    const choose = make('select', { 'aria-label': 'Example', onchange: () => setExample(choose.selectedIndex) },
      ...examples.map((one) => make('option', {}, one.summary)));
    const setExample = (i) => {
      if (!examples[i]) return;
      bodyInput.value = exampleText(examples[i].value);
      bodyInput.rows = Math.min(24, bodyInput.value.split('\n').length + 1);
      changed();
    };
    bodyNodes.push(make('h2', {}, 'Body'),
      make('div', { class: 'bar' }, make('code', {}, type), examples.length ? choose : null),
      bodyInput,
      make('details', {}, make('summary', {}, 'Schema'), schemaNode(media.schema || {})));
    queueMicrotask(() => setExample(0));
  }

  const curl = make('pre', { class: 'curl', tabindex: '0', 'aria-label': 'The call as a command' });
  const copy = make('button', { type: 'button', onclick: async () => {
    await copyText(curlText());
    copy.textContent = 'Copied';
    setTimeout(() => { copy.textContent = 'Copy curl'; }, 1500);
  } }, 'Copy curl');
  const hint = make('span', { class: 'soft' });
  const send = make('button', { type: 'submit', class: 'send' }, 'Send');
  const stop = make('button', { type: 'button', hidden: true, onclick: () => running && running.abort() }, 'Stop');
  const reply = make('section', { class: 'reply', hidden: true, 'aria-label': 'Reply' });

  function request() {
    let path = entry.path;
    const query = [];
    const headers = {};
    for (const { parameter, input } of fields) {
      const value = input.value;
      if (parameter.in === 'path') path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
      else if (value === '') continue;
      else if (parameter.in === 'query') query.push(encodeURIComponent(parameter.name) + '=' + encodeURIComponent(value));
      else headers[parameter.name] = value;
    }
    const { key, namespace } = credentials();
    if (!isOpen && key) headers.Authorization = 'Bearer ' + key;
    if (inNamespace && namespace) headers['X-Namespace'] = namespace;
    const body = bodyInput && bodyInput.value !== '' ? bodyInput.value : null;
    if (body !== null) headers['Content-Type'] = mediaType;
    return { method: entry.method.toUpperCase(), url: path + (query.length ? '?' + query.join('&') : ''), headers, body };
  }

  // Names a variable in place of the key, which does not belong in a shell's history.
  function curlText() {
    const { method, url, headers, body } = request();
    const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
    const lines = [`curl -sS${method === 'GET' ? '' : ' -X ' + method} ${quoted(location.origin + url)}`];
    if (!isOpen) lines.push('-H "Authorization: Bearer $TRAWL_API_KEY"');
    for (const [name, value] of Object.entries(headers)) {
      if (name !== 'Authorization') lines.push('-H ' + quoted(`${name}: ${value}`));
    }
    if (body !== null) lines.push('--data-binary ' + quoted(onOneLine(body)));
    return lines.join(' \\\n  ');
  }
  function showCurl() {
    curl.textContent = curlText();
    hint.textContent = isOpen ? 'Needs no key.'
      : credentials().key ? 'Ctrl+Enter sends.' : 'Needs a key: put one at the top of the page.';
  }

  async function run() {
    if (running) running.abort();
    const control = new AbortController();
    running = control;
    send.disabled = true;
    stop.hidden = false;
    try {
      await call(request(), control, reply);
    } finally {
      if (running === control) running = null;
      send.disabled = false;
      stop.hidden = true;
    }
  }

  const form = make('form', {
    onsubmit: (event) => { event.preventDefault(); run(); },
    onkeydown: (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); }
    },
  },
  fields.length ? make('h2', {}, 'Parameters') : null,
  make('div', { class: 'fields' }, ...fields.map((field) => field.node)),
  ...bodyNodes,
  make('div', { class: 'bar actions' }, send, stop, copy, hint),
  curl);

  byId('operation').replaceChildren(...[
    make('h1', {}, operation.summary),
    make('p', { class: 'path' }, make('span', { class: 'method ' + entry.method }, entry.method), entry.path),
    operation.description ? make('p', {}, ...textNodes(operation.description)) : null,
    form, reply, make('h2', {}, 'Replies'), ...responseNodes(operation)].filter(Boolean));
  showCurl();
  currentCurl = showCurl;
}

let currentCurl = () => {};
document.addEventListener('request-changed', () => currentCurl());

function responseNodes(operation) {
  return Object.entries(operation.responses).map(([status, value]) => {
    const response = resolve(value);
    const inner = [];
    for (const [type, media] of Object.entries(response.content || {})) {
      inner.push(make('p', { class: 'soft' }, make('code', {}, type)), schemaNode(media.schema || {}));
      const examples = examplesOf(media);
      if (examples.length) inner.push(make('pre', {}, exampleText(examples[0].value)));
    }
    const headers = Object.entries(response.headers || {});
    if (headers.length) {
      inner.push(make('p', { class: 'soft' }, 'Headers'), make('div', { class: 'headers' },
        ...headers.map(([name, header]) => make('div', {},
          name + (resolve(header).description ? ': ' + resolve(header).description : '')))));
    }
    return make('details', { class: 'response', open: status === '200' },
      make('summary', {}, make('code', {}, status), response.description), ...inner);
  });
}

// JSON without its layout; as it is where a number is too long for JavaScript.
function onOneLine(body) {
  try {
    return /\d{16}/.test(body) ? body : JSON.stringify(JSON.parse(body));
  } catch {
    return body;
  }
}

// --- a call ----------------------------------------------------------------------------

async function call({ method, url, headers, body }, control, reply) {
  const outcome = make('span', { class: 'outcome', role: 'status' }, 'Sending …');
  const facts = make('span', { class: 'soft' });
  const headerList = make('div', { class: 'headers' });
  const text = make('pre', { tabindex: '0', 'aria-label': 'Body of the reply' });
  reply.replaceChildren(make('h2', {}, 'Reply'), make('div', { class: 'bar' }, outcome, facts),
    make('details', {}, make('summary', {}, 'Headers'), headerList), text);
  reply.hidden = false;
  reply.scrollIntoView({ block: 'nearest' });
  const begun = performance.now();
  const tell = (bytes) => {
    facts.textContent = `${(performance.now() - begun).toFixed(1)} ms · ${bytes.toLocaleString('en')} bytes`;
  };
  try {
    const response = await fetch(url, { method, headers, body, signal: control.signal,
      credentials: 'omit', cache: 'no-store', redirect: 'follow' });
    outcome.textContent = `${response.status} ${response.statusText}`;
    outcome.classList.add(response.ok ? 'good' : 'bad');
    for (const [name, value] of response.headers) headerList.append(make('div', {}, `${name}: ${value}`));
    await readBody(response, text, tell);
  } catch (error) {
    if (error.name === 'AbortError') {
      facts.append(' · stopped');
    } else {
      outcome.textContent = 'No reply: ' + error.message;
      outcome.classList.add('bad');
    }
  }
}

// Shows the body while it arrives, since some replies are streams; JSON is laid out at the
// end.
async function readBody(response, text, tell) {
  const type = response.headers.get('Content-Type') || '';
  if (type.includes('gzip')) {
    const bytes = (await response.arrayBuffer()).byteLength;
    tell(bytes);
    text.textContent = '(binary)';
    return;
  }
  const decoder = new TextDecoder();
  let bytes = 0;
  let shown = '';
  const show = (piece) => {
    if (shown.length < SHOWN_MAX) {
      shown += piece;
      text.textContent = shown.slice(0, SHOWN_MAX) + (shown.length >= SHOWN_MAX ? '\n… (more than the page shows)' : '');
    }
  };
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    show(decoder.decode(value, { stream: true }));
    tell(bytes);
  }
  show(decoder.decode());
  tell(bytes);
  if (type.includes('json') && shown.length < SHOWN_MAX && !type.includes('ndjson')) {
    try {
      text.textContent = layOut(JSON.parse(shown));
    } catch { /* Shown as it came. */ }
  }
}

// The clipboard's own interface is there on https and on localhost only.
async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = make('textarea', {});
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
  return undefined;
}

// --- the page --------------------------------------------------------------------------

function showStart() {
  document.title = 'Trawl API';
  currentCurl = () => {};
  const paragraphs = (api.info.description || '').split('\n\n').map((one) => make('p', {}, ...textNodes(one)));
  const cards = (api.tags || []).map((tag) => {
    const entries = operations.filter((entry) => entry.tag === tag.name);
    return make('div', { class: 'card' }, make('h2', {}, tag.name), make('p', { class: 'soft' }, tag.description || ''),
      make('p', {}, entries.length ? make('a', { href: '#' + entries[0].id }, `${entries.length} operations`) : null));
  });
  byId('operation').replaceChildren(make('h1', {}, `${api.info.title} API`), ...paragraphs,
    make('p', { class: 'soft' }, 'Put your key at the top, choose an operation, and send: bodies come filled in with examples. Press / to search; arrow keys move through the list.'),
    make('div', { class: 'tags' }, ...cards));
}

function route() {
  const entry = operations.find((one) => '#' + one.id === location.hash);
  if (entry) showOperation(entry);
  else if (location.hash !== '#operation') showStart();
  markCurrent();
  if (entry) {
    byId('operation').focus({ preventScroll: true });
    // Beside each other both are in view; below each other the list would hide it.
    if (window.matchMedia('(max-width: 50rem)').matches) byId('operation').scrollIntoView();
    else window.scrollTo(0, 0);
  }
}

async function start() {
  setUpCredentials();
  try {
    const response = await fetch('/openapi.json', { credentials: 'omit' });
    if (!response.ok) throw new Error(`/openapi.json answered ${response.status}`);
    api = await response.json();
  } catch (error) {
    byId('operation').replaceChildren(make('h1', {}, 'Could not load the description'), make('p', {}, error.message));
    return;
  }
  byId('version').textContent = api.info.version;
  collectOperations();
  showList();
  byId('search').addEventListener('input', showList);
  document.querySelector('.list').addEventListener('keydown', walkList);
  byId('search').addEventListener('keydown', (event) => {
    const first = byId('operations').querySelector('a');
    if (event.key === 'Enter' && first) first.click();
    if (event.key === 'Escape') { byId('search').value = ''; showList(); }
  });
  document.addEventListener('keydown', (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      byId('search').focus();
      byId('search').select();
    }
  });
  window.addEventListener('hashchange', route);
  route();
}

start();

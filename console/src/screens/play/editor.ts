// The editor of pipelines: CodeMirror, loaded when the playground is first shown. It stands in a
// shadow root, where its styles are sheets that the page's policy allows. What it knows of
// pipelines is told to it.
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, startCompletion, type Completion as Offered } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyField, historyKeymap } from '@codemirror/commands';
import { indentService } from '@codemirror/language';
import { forceLinting, linter, lintGutter, nextDiagnostic } from '@codemirror/lint';
import { EditorState, Prec, RangeSetBuilder, StateEffect } from '@codemirror/state';
import { Decoration, drawSelection, EditorView, highlightActiveLine, highlightSpecialChars, hoverTooltip, keymap, lineNumbers, placeholder, ViewPlugin, type DecorationSet } from '@codemirror/view';
import { check, complete, explain, type Knowledge, type Mark } from '../../state/pipeline_help';

export interface EditorOptions {
  text: string;
  past?: unknown; // What `past` gave for this text: its undo history; or `{over: text}`, the text that it replaces.
  label: string;
  onChange: (text: string) => void;
  onRun: () => void;
  onEscape: () => boolean; // Whether it meant something; else it closes what the editor has open.
  knowledge: () => Knowledge;
  marks: (text: string) => Mark[]; // What the server said of the text.
}

export interface Editor {
  /** Another text, as a change that can be undone. */
  replace: (text: string) => void;
  /** Marks are made anew. */
  recheck: () => void;
  /** The cursor goes there, and the place comes in sight. */
  show: (from: number, to: number) => void;
  past: () => unknown;
  destroy: () => void;
}

// JSON is told apart by one expression, over the lines in sight: a grammar of its own would be a
// tenth of the editor.
const TOKEN = /("(?:[^"\\\n]|\\.)*"?)(\s*:)?|(-?\d[\d.eE+-]*|true|false)|(null)/g;
const KINDS = { name: Decoration.mark({ class: 'json-name' }), text: Decoration.mark({ class: 'json-text' }), value: Decoration.mark({ class: 'json-value' }), none: Decoration.mark({ class: 'json-null' }) };

function coloured(view: EditorView): DecorationSet {
  const made = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    const start = view.state.doc.lineAt(from).from;
    for (const match of view.state.sliceDoc(start, to).matchAll(TOKEN)) {
      const at = start + match.index;
      const [whole, text, colon, value] = match;
      if (text !== undefined) made.add(at, at + text.length, colon === undefined ? KINDS.text : KINDS.name);
      else made.add(at, at + whole.length, value === undefined ? KINDS.none : KINDS.value);
    }
  }
  return made.finish();
}

const colours = ViewPlugin.fromClass(class {
  decorations: DecorationSet;
  constructor(view: EditorView) {
    this.decorations = coloured(view);
  }
  update(update: { docChanged: boolean; viewportChanged: boolean; view: EditorView }): void {
    if (update.docChanged || update.viewportChanged) this.decorations = coloured(update.view);
  }
}, { decorations: (plugin) => plugin.decorations });

// A new line stands as the one before it, and deeper behind an open bracket.
const indentation = indentService.of((context, at) => {
  const before = context.lineAt(at, -1).text.slice(0, Math.max(0, at - context.lineAt(at, -1).from));
  const after = context.lineAt(at, 1).text.trimStart();
  const own = /^\s*/.exec(before)![0].length;
  const deeper = /[{[]\s*$/.test(before) ? 2 : 0;
  return /^[}\]]/.test(after) && deeper === 0 && context.simulatedBreak === at ? Math.max(0, own - 2) : own + deeper;
});

const look = EditorView.theme({
  '&': { height: '100%', fontSize: '13px', color: 'var(--text)', backgroundColor: 'var(--field)' },
  // The page's own colours, which pass the contrast that is asked for in both themes.
  '.json-name': { color: 'var(--accent)' }, '.json-text': { color: 'var(--good)' }, '.json-value': { color: 'var(--warn)' }, '.json-null': { color: 'var(--soft)' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-1px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--text)', padding: '6px 0' },
  '.cm-specialChar': { color: 'var(--bad)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--panel)', color: 'var(--soft)', borderRight: '1px solid var(--line)' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--row) 60%, transparent)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': { backgroundColor: 'var(--select)' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', color: 'var(--text)', border: '1px solid var(--line)', borderRadius: '6px', boxShadow: 'var(--shadow)', maxWidth: 'min(34rem, 92vw)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', maxHeight: '16rem' },
  '.cm-tooltip-autocomplete ul li': { padding: '2px 8px', lineHeight: '1.5' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--select)', color: 'var(--text)' },
  '.cm-completionDetail': { color: 'var(--soft)', fontStyle: 'normal' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-tooltip.cm-completionInfo': { padding: '6px 10px', maxWidth: '22rem', whiteSpace: 'pre-wrap' },
  '.cm-explain': { padding: '6px 10px', maxWidth: '30rem' },
  '.cm-explain p': { margin: '2px 0', overflowWrap: 'anywhere' },
  '.cm-diagnostic': { padding: '4px 8px', borderLeftWidth: '4px', overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--bar-warn)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad) 1.5px', textUnderlineOffset: '3px' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bar-warn) 1.5px', textUnderlineOffset: '3px' },
  // The signs of the gutter are drawn, not pictures of other colours.
  '.cm-gutter-lint': { width: '1.2em' },
  '.cm-lint-marker': { content: 'none', width: 'auto', height: 'auto', textAlign: 'center' },
  '.cm-lint-marker-error, .cm-lint-marker-warning': { content: 'normal !important' },
  '.cm-lint-marker-error::before': { content: '"✕"', color: 'var(--bad)', fontWeight: '700' },
  '.cm-lint-marker-warning::before': { content: '"!"', color: 'var(--warn)', fontWeight: '700' },
});

function element(className: string, title: string, lines: string[]): HTMLElement {
  const box = document.createElement('div');
  box.className = className;
  for (const [i, text] of [title, ...lines].entries()) {
    const line = document.createElement(i === 0 ? 'strong' : 'p');
    line.textContent = text;
    box.append(line);
  }
  return box;
}

const rest = { history: historyField };

const again = StateEffect.define();

// Where a browser replaces a selection itself it keeps its colours by a style in the markup, which
// the page's policy refuses and reports. So what is typed over a selection is put there without it.
const typedOver = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { main } = view.state.selection;
    const text = event.data;
    if (main.empty || event.inputType !== 'insertText' || !text || view.composing || view.state.readOnly) return false;
    const make = () => view.state.update(view.state.replaceSelection(text), { userEvent: 'input.type', scrollIntoView: true });
    event.preventDefault();
    if (!view.state.facet(EditorView.inputHandler).some((handler) => handler(view, main.from, main.to, text, make))) view.dispatch(make());
    return true;
  },
});

export function createEditor(host: HTMLElement, options: EditorOptions): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  root.replaceChildren();
  const holder = document.createElement('div');
  root.append(holder);
  // Styles of the page do not reach in here; this one has no other place.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(':host > div, div.holder { height: 100%; } .holder { height: 100%; }');
  holder.className = 'holder';

  const extensions = [
    lineNumbers(), history(), highlightSpecialChars(), drawSelection(), indentation, closeBrackets(), highlightActiveLine(),
    colours, look, typedOver, EditorView.lineWrapping, lintGutter(), placeholder('{ "stages": [ … ] }'),
    EditorView.contentAttributes.of({ 'aria-label': options.label, spellcheck: 'false', tabindex: '0' }),
    linter((view) => {
      const text = view.state.doc.toString();
      return [...check(text, options.knowledge()), ...options.marks(text)];
    }, { delay: 250, needsRefresh: (update) => update.transactions.some(({ effects }) => effects.some((one) => one.is(again))) }),
    autocompletion({
      icons: false,
      defaultKeymap: false, // It stands with the others, below those of the page.
      override: [(context) => {
        const found = complete(context.state.doc.toString(), context.pos, options.knowledge());
        if (!found) return null;
        const before = context.state.sliceDoc(found.from, context.pos);
        if (!context.explicit && before === '') return null;
        return {
          from: found.from, to: found.to, filter: false,
          options: found.options
            .filter(({ label }) => matches(label, before.replace(/^"/, '')) || context.state.sliceDoc(found.from, found.to) === JSON.stringify(label))
            .map((option): Offered => ({
              label: option.label, detail: option.detail,
              ...(option.info ? { info: () => element('', '', [option.info]).lastElementChild as HTMLElement } : {}),
              apply: (view, _, from, to) => {
                view.dispatch({ changes: { from, to, insert: option.text }, selection: { anchor: from + option.cursor }, userEvent: 'input.complete', scrollIntoView: true });
                if (option.more) setTimeout(() => startCompletion(view));
              },
            })),
        };
      }],
    }),
    hoverTooltip((view, at) => {
      const found = explain(view.state.doc.toString(), at, options.knowledge());
      if (!found) return null;
      return { pos: found.from, end: found.to, above: true, create: () => ({ dom: element('cm-explain', found.title, found.lines) }) };
    }),
    // Tab leaves the editor, as everywhere in a page, unless something is offered.
    Prec.highest(keymap.of([
      { key: 'Mod-Enter', run: () => { options.onRun(); return true; } }, { key: 'Escape', run: () => options.onEscape() },
      { key: 'Tab', run: acceptCompletion }, { key: 'F8', run: nextDiagnostic },
    ])),
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
    EditorView.updateListener.of((update) => { if (update.docChanged) options.onChange(update.state.doc.toString()); }),
    EditorState.tabSize.of(2),
  ];
  let state: EditorState | null = null;
  const over = (options.past as { over?: unknown } | undefined)?.over;
  if (typeof over === 'string') {
    // Undo brings back what was there.
    const before = EditorState.create({ doc: over, extensions });
    state = before.update({ changes: { from: 0, to: before.doc.length, insert: options.text }, userEvent: 'input.replace' }).state;
  } else if (options.past) {
    try {
      state = EditorState.fromJSON(options.past, { extensions }, rest);
      if (state.doc.toString() !== options.text) state = null;
    } catch {
      // Kept by another version of this page.
    }
  }
  const view = new EditorView({ state: state ?? EditorState.create({ doc: options.text, extensions }), parent: holder, root });
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  return {
    replace: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, userEvent: 'input.replace' }),
    recheck: () => { view.dispatch({ effects: again.of(null) }); forceLinting(view); },
    show: (from, to) => {
      const end = view.state.doc.length;
      view.dispatch({ selection: { anchor: Math.min(to, end) }, effects: EditorView.scrollIntoView(Math.min(from, end), { y: 'center' }) });
      view.focus();
    },
    past: () => view.state.toJSON(rest),
    destroy: () => view.destroy(),
  };
}

// Letters of what was written, in this order.
function matches(label: string, written: string): boolean {
  let at = 0;
  const low = label.toLowerCase();
  for (const letter of written.toLowerCase()) {
    at = low.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

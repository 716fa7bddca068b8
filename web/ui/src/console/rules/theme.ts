/** The editor's look in the desk's tokens. It stands in a shadow root: there the desk's policy lets it have a style sheet. */
import { EditorView } from '@codemirror/view'

export const theme = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--surface)', color: 'var(--text)', fontSize: '13px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.65', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--accent)', padding: '8px 0' },
  '.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--text-3)', borderRight: '1px solid var(--line)' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--hover) 60%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--hover)', color: 'var(--text)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    backgroundColor: 'var(--accent-line)',
  },
  '.cm-selectionMatch': { backgroundColor: 'var(--accent-soft)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--accent-soft)', outline: '1px solid var(--accent-line)' },
  '.cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket': { backgroundColor: 'var(--danger-soft)' },
  '.cm-searchMatch': { backgroundColor: 'var(--note-soft)', outline: '1px solid var(--note-line)' },
  '.cm-searchMatch.cm-searchMatch-selected': { backgroundColor: 'var(--note-line)' },
  '.cm-placeholder': { color: 'var(--text-3)' },

  '.cm-panels': { backgroundColor: 'var(--sunken)', color: 'var(--text)' },
  '.cm-panels-top': { borderBottom: '1px solid var(--line)' },
  '.cm-panels-bottom': { borderTop: '1px solid var(--line)' },
  '.cm-panel.cm-search': { padding: '8px 28px 8px 10px', fontFamily: 'var(--font)' },
  '.cm-panel.cm-search label': { fontSize: '12px' },
  '.cm-textfield': {
    backgroundColor: 'var(--surface)', color: 'var(--text)', border: '1px solid var(--line-strong)',
    borderRadius: 'var(--radius-s)', padding: '3px 8px', fontSize: '13px',
  },
  '.cm-button': {
    backgroundImage: 'none', backgroundColor: 'var(--surface)', color: 'var(--text)',
    border: '1px solid var(--line-strong)', borderRadius: 'var(--radius-s)', fontSize: '13px', padding: '2px 10px',
  },
  '.cm-panel.cm-search [name=close]': { color: 'var(--text-2)', fontSize: '18px', right: '8px', top: '4px' },

  '.cm-tooltip': {
    backgroundColor: 'var(--surface)', color: 'var(--text)', border: '1px solid var(--line-strong)',
    borderRadius: 'var(--radius-s)', boxShadow: 'var(--shadow-high)', fontFamily: 'var(--font)', maxWidth: 'min(480px, 92vw)',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '13px', maxHeight: '16em' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 10px 3px 6px', lineHeight: '1.5' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent-soft)', color: 'var(--accent)' },
  '.cm-completionDetail': { marginLeft: '14px', color: 'var(--text-3)', fontStyle: 'normal', fontFamily: 'var(--font)', fontSize: '12px' },
  '.cm-completionInfo': { padding: '8px 12px', maxWidth: '320px', maxHeight: '300px', overflow: 'auto' },
  '.cm-about': { padding: '8px 12px', maxHeight: '320px', overflow: 'auto', fontSize: '13px', lineHeight: '1.55' },
  '.cm-about p, .cm-completionInfo p': { margin: '0 0 5px' },
  '.cm-about ul, .cm-completionInfo ul': { margin: '0 0 5px', paddingLeft: '18px' },
  '.cm-about code, .cm-completionInfo code, .cm-about pre': { fontFamily: 'var(--mono)', fontSize: '12px' },

  '.cm-diagnostic': { padding: '6px 12px', fontFamily: 'var(--font)', fontSize: '13px', lineHeight: '1.5', whiteSpace: 'pre-wrap' },
  '.cm-diagnostic-error': { borderLeft: '4px solid var(--danger-mark)' },
  '.cm-diagnostic-warning': { borderLeft: '4px solid var(--warn-mark)' },
  '.cm-diagnosticAction': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)', borderRadius: 'var(--radius-s)', padding: '3px 10px', margin: '6px 8px 2px 0', fontSize: '12px' },
  '.cm-diagnosticSource': { color: 'var(--text-3)', opacity: '1', fontSize: '12px', fontFamily: 'var(--mono)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--danger-mark)', textUnderlineOffset: '3px' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--warn-mark)', textUnderlineOffset: '3px' },
  '.cm-gutter-lint': { width: '16px' },
  '.cm-lint-marker': { width: '9px', height: '9px', margin: '6px 3px 0', borderRadius: '50%', content: '""' },
  '.cm-lint-marker-error': { backgroundColor: 'var(--danger-mark)', content: '""' },
  '.cm-lint-marker-warning': { backgroundColor: 'var(--warn-mark)', content: '""' },

  '.cm-changedLine, &.cm-merge-b .cm-changedLine, .cm-insertedLine': { backgroundColor: 'var(--ok-soft)' },
  '.cm-deletedChunk, &.cm-merge-a .cm-changedLine': { backgroundColor: 'var(--danger-soft)' },
  '&.cm-merge-b .cm-changedText, .cm-insertedLine .cm-changedText, .cm-changedText': {
    background: 'color-mix(in srgb, var(--ok-mark) 30%, transparent)',
  },
  '.cm-deletedChunk .cm-deletedText': { background: 'color-mix(in srgb, var(--danger-mark) 26%, transparent)' },
  '.cm-changedLineGutter': { background: 'var(--ok-mark)' },
  '.cm-deletedLineGutter': { background: 'var(--danger-mark)' },
  '.cm-collapsedLines': {
    backgroundImage: 'none', backgroundColor: 'var(--sunken)', color: 'var(--text-3)', fontFamily: 'var(--font)', fontSize: '12px',
    padding: '4px 10px',
  },
  '.cm-collapsedLines:before, .cm-collapsedLines:after': { content: '"⋯"' },
})

/** The text editor: CodeMirror with what the desk knows about rules. One view, a state (with its undo) for each file. */
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { bracketMatching, indentOnInput, indentUnit } from '@codemirror/language'
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint'
import { diff } from '@codemirror/merge'
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search'
import { Annotation, EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap, lineNumbers, type Tooltip } from '@codemirror/view'

import type { CompletionItem, Finding, HoverText, Remedy, TextEdit } from '@/shared/api/types'

import { languageOf } from './language'
import { shown } from './markdown'
import { offsetAt, placeAt, rangeOf, type Place } from './places'
import { theme } from './theme'

/** What the editor asks and tells; a question that fails is answered with nothing. */
export interface Hooks {
  wrote(path: string, text: string): void
  complete(at: Place): Promise<CompletionItem[]>
  hover(at: Place): Promise<HoverText | null>
  define(at: Place): void
  refer(at: Place): void
  rename(at: Place, word: string): void
  format(): void
  save(): void
  mend(edits: readonly TextEdit[]): void
  moved(at: Place): void
}

const fromElsewhere = Annotation.define<boolean>()

const KINDS: Record<string, string> = {
  keyword: 'keyword',
  field: 'property',
  event: 'interface',
  function: 'function',
  action: 'method',
  filter: 'function',
  key: 'property',
  definition: 'constant',
}

export class CodeEditor {
  private readonly view: EditorView
  private readonly states = new Map<string, EditorState>()
  private path = ''
  private locked = false

  /** `host` gets a shadow root: style sheets made by a script are allowed only there. */
  constructor(
    host: HTMLElement,
    private readonly hooks: Hooks,
    private readonly phrases: Record<string, string>,
    private readonly label: string,
  ) {
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
    this.view = new EditorView({ parent: root, root })
    // A text wider than its place can be moved by keys, too.
    this.view.scrollDOM.tabIndex = 0
  }

  /** Show a file; its undo goes on where it was left. */
  show(path: string, text: string, locked: boolean): void {
    if (path !== this.path || locked !== this.locked) {
      if (this.path) this.states.set(this.path, this.view.state)
      const before = locked === this.locked ? this.states.get(path) : undefined
      this.path = path
      this.locked = locked
      this.view.setState(before ?? this.made(path, text, locked))
    }
    this.take(text)
  }

  /** Another text for the open file, written elsewhere; the cursor stays where it can. */
  take(text: string): void {
    const now = this.view.state.doc.toString()
    if (now === text) return
    const changes = diff(now, text, { scanLimit: 500 }).map(({ fromA, toA, fromB, toB }) => ({
      from: fromA,
      to: toA,
      insert: text.slice(fromB, toB),
    }))
    this.view.dispatch({ changes, annotations: fromElsewhere.of(true), userEvent: 'input.take' })
  }

  /** What happened to other files: their undo begins anew. */
  forget(): void {
    this.states.clear()
  }

  /** Go to a place and show it in the middle. */
  select(at: Place): void {
    const head = offsetAt(this.view.state.doc, at)
    this.view.dispatch({ selection: { anchor: head }, effects: EditorView.scrollIntoView(head, { y: 'center' }) })
    this.view.focus()
  }

  /** Mark what is wrong in the open file. */
  mark(findings: readonly Finding[], remedies: readonly Remedy[]): void {
    const { doc } = this.view.state
    const marks = findings.filter((finding) => finding.file === this.path).map((finding): Diagnostic => {
      const { from, to } = rangeOf(doc, finding)
      const mends = remedies.filter(({ code, finding: at }) => code === finding.code && at.line === finding.line && at.column === finding.column)
      return {
        from,
        // Something of nothing would not be seen.
        to: Math.max(to, Math.min(from + 1, doc.length)),
        severity: finding.severity,
        source: finding.code,
        message: [finding.message, finding.hint, finding.witness].filter(Boolean).join('\n'),
        actions: mends.map((mend) => ({ name: mend.title, apply: () => this.hooks.mend(mend.edits) })),
      }
    })
    this.view.dispatch(setDiagnostics(this.view.state, marks))
  }

  focus(): void {
    this.view.focus()
  }

  /** Where the cursor stands. */
  get place(): Place {
    return placeAt(this.view.state.doc, this.view.state.selection.main.head)
  }

  /** The word at the cursor. */
  get word(): string {
    const { doc, selection } = this.view.state
    const range = this.view.state.wordAt(selection.main.head)
    return range ? doc.sliceString(range.from, range.to) : ''
  }

  destroy(): void {
    this.view.destroy()
  }

  private made(path: string, text: string, locked: boolean): EditorState {
    const keys = (run: (at: Place) => void) => (): boolean => {
      run(this.place)
      return true
    }
    const extensions: Extension[] = [
      lineNumbers(),
      lintGutter(),
      highlightActiveLineGutter(),
      highlightActiveLine(),
      history(),
      drawSelection(),
      indentOnInput(),
      indentUnit.of('  '),
      bracketMatching(),
      closeBrackets(),
      highlightSelectionMatches(),
      search({ top: true }),
      autocompletion({ override: [(context) => this.completions(context)], icons: false, defaultKeymap: false }),
      hoverTooltip((view, offset) => this.about(view, offset)),
      keymap.of([
        { key: 'F12', run: keys((at) => this.hooks.define(at)) },
        { key: 'Shift-F12', run: keys((at) => this.hooks.refer(at)) },
        { key: 'F2', run: keys((at) => this.hooks.rename(at, this.word)) },
        { key: 'Shift-Alt-f', run: keys(() => this.hooks.format()) },
        { key: 'Mod-s', run: keys(() => this.hooks.save()), preventDefault: true },
        { key: 'Tab', run: acceptCompletion },
        ...closeBracketsKeymap,
        ...completionKeymap,
        ...searchKeymap,
        ...historyKeymap,
        ...lintKeymap,
        ...defaultKeymap,
        indentWithTab,
      ]),
      EditorView.domEventHandlers({
        mousedown: (event, view) => {
          if (!(event.ctrlKey || event.metaKey) || event.button !== 0) return false
          const offset = view.posAtCoords({ x: event.clientX, y: event.clientY })
          if (offset === null) return false
          event.preventDefault()
          this.hooks.define(placeAt(view.state.doc, offset))
          return true
        },
      }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged && !update.transactions.some((one) => one.annotation(fromElsewhere))) {
          this.hooks.wrote(this.path, update.state.doc.toString())
        }
        if (update.selectionSet || update.docChanged) this.hooks.moved(this.place)
      }),
      EditorView.contentAttributes.of({ 'aria-label': `${this.label} ${path}`, autocapitalize: 'off', spellcheck: 'false' }),
      EditorState.phrases.of(this.phrases),
      languageOf(path),
      theme,
    ]
    if (locked) {
      // Still to be walked through by keyboard.
      const attributes = EditorView.contentAttributes.of({ tabindex: '0', 'aria-readonly': 'true' })
      extensions.push(EditorState.readOnly.of(true), EditorView.editable.of(false), attributes)
    }
    return EditorState.create({ doc: text, extensions })
  }

  private async completions(context: CompletionContext): Promise<CompletionResult | null> {
    const { doc } = context.state
    // Unasked only while a word is being written: Enter after a finished word is a new line.
    if (!context.explicit && !context.matchBefore(/[\p{L}\p{N}_.-]+$/u)) return null
    const found = await this.hooks.complete(placeAt(doc, context.pos))
    const [first] = found
    if (context.aborted || !first) return null
    const { from } = rangeOf(doc, first.replace)
    const options = found.map((item, place): Completion => {
      const at = rangeOf(doc, item.replace)
      return {
        label: item.label,
        type: KINDS[item.kind] ?? 'text',
        ...(item.detail ? { detail: item.detail } : {}),
        ...(item.documentation ? { info: () => shown(item.documentation) } : {}),
        apply: (view, _, __, to) => {
          const anchor = at.from + item.insert.length
          view.dispatch({ changes: { from: at.from, to: Math.max(to, at.to), insert: item.insert }, selection: { anchor }, userEvent: 'input.complete' })
        },
        // Best first, as the desk has them.
        boost: -place,
      }
    })
    return { from, options, filter: false }
  }

  private async about(view: EditorView, offset: number): Promise<Tooltip | null> {
    const found = await this.hooks.hover(placeAt(view.state.doc, offset))
    if (!found) return null
    const { from, to } = rangeOf(view.state.doc, found)
    return {
      pos: from,
      end: to,
      above: true,
      create: () => {
        const dom = document.createElement('div')
        dom.className = 'cm-about'
        dom.append(shown(found.text))
        return { dom }
      },
    }
  }
}

"""The language server: `engine.editor` over the Language Server Protocol, on stdin and stdout.

It keeps a workspace for each rules folder that a file of is open, or that the editor's folders hold: the files on
disk, and over them what is being typed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.uris import from_fs_path, to_fs_path

from engine import __version__
from engine.core.rulebook import NOTHING_MORE, Extras
from engine.editor import Edit, Place, Refusal, Symbol, Workspace
from engine.editor.positions import Positions
from engine.folder import SUFFIXES, read_folder
from engine.lang import Finding, Severity, Span
from engine.lang.findings import in_words
from engine.lang.said import locale_of, say, spoken
from engine.lang.types import noun

log = logging.getLogger(__name__)

QUIET = 0.15
"""Seconds without a key before the findings are looked for."""
REFUSED = -32803
"""The protocol's `RequestFailed`: the request was understood, and cannot be done."""

_ITEMS = {
    "keyword": lsp.CompletionItemKind.Keyword,
    "field": lsp.CompletionItemKind.Field,
    "setting": lsp.CompletionItemKind.Constant,
    "event": lsp.CompletionItemKind.Event,
    "function": lsp.CompletionItemKind.Function,
    "filter": lsp.CompletionItemKind.Function,
    "action": lsp.CompletionItemKind.Method,
    "definition": lsp.CompletionItemKind.Variable,
    "words": lsp.CompletionItemKind.Variable,
    "template": lsp.CompletionItemKind.Text,
    "file": lsp.CompletionItemKind.File,
    "key": lsp.CompletionItemKind.Property,
    "rule": lsp.CompletionItemKind.Reference,
}
_SYMBOLS = {
    "rule": lsp.SymbolKind.Function,
    "definition": lsp.SymbolKind.Variable,
    "words": lsp.SymbolKind.Array,
    "stage": lsp.SymbolKind.Namespace,
    "scenario": lsp.SymbolKind.Method,
    "template": lsp.SymbolKind.String,
}


class RulesFolder:
    """One rules folder: what is on disk, what is open in the editor, and the workspace of both."""

    def __init__(self, root: Path, extras: Extras = NOTHING_MORE) -> None:
        self.root = root
        self.open: dict[str, str] = {}
        self.uris: dict[str, str] = {}
        self.versions: dict[str, int | None] = {}
        self.told: set[str] = set()
        self.due: asyncio.TimerHandle | None = None
        self.looking: asyncio.Task[None] | None = None
        self._unread: list[Finding] = []
        self.last: list[Finding] = []
        self.workspace = Workspace({}, extras)
        self.read()

    def read(self) -> None:
        """Reads the folder again; open files stay as they are typed."""
        try:
            files, self._unread = read_folder(self.root)
        except OSError:
            files, self._unread = {}, []
        self._unread = [finding for finding in self._unread if finding.span.source.path not in self.open]
        wanted: dict[str, str | None] = dict.fromkeys(self.workspace.files)
        wanted |= files
        wanted |= {path: _plain(text) for path, text in self.open.items()}
        self.workspace = self.workspace.with_files(wanted)

    def typed(self, path: str, text: str | None) -> None:
        """What stands in an open file now; None: it was closed, and the disk counts again."""
        if text is None:
            self.open.pop(path, None)
            self.read()
        else:
            self.open[path] = text
            self._unread = [finding for finding in self._unread if finding.span.source.path != path]
            self.workspace = self.workspace.with_file(path, _plain(text))

    def findings(self) -> list[Finding]:
        """What `engine validate` says, unread files first."""
        return [*self._unread, *self.workspace.findings()]

    def lasting(self) -> list[Finding]:
        """The warnings of before in files that still say the same, until all is looked at again."""
        old = (f for f in self.last if self.workspace.files.get(f.span.source.path) == f.span.source.text)
        return [*self._unread, *(f for f in old if f.severity is not Severity.ERROR)]

    def uri(self, path: str) -> str:
        """The address of a file, as the editor calls it."""
        return self.uris.get(path) or from_fs_path(str(self.root / path)) or ""


def rules_folder_of(folder: Path) -> Path | None:
    """The rules folder that a folder of the editor is or has."""
    for candidate in (folder, folder / "rules"):
        if (candidate / "desk.yaml").is_file():
            return candidate
    return None


def _plain(text: str) -> str:
    """Text as the folder is read: without a mark at its begin, lines ending with a line feed."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


class _Protocol(LanguageServerProtocol):
    """pygls without its own copies of open texts: it counts lines at more characters than the protocol knows."""

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> Any:
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> Any:
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: lsp.DidCloseTextDocumentParams) -> Any:
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_CLOSE], (params,), None


class Server(LanguageServer):
    """The server's state: the rules folders it has come across."""

    def __init__(self, extras: Extras = NOTHING_MORE, locale: str = "en") -> None:
        super().__init__("yingda", __version__, protocol_cls=_Protocol)
        self.extras = extras
        self.locale = locale
        """The language of texts for people; the editor's own, once it has told it."""
        self.folders: dict[Path, RulesFolder] = {}

    @property
    def encoding(self) -> str:
        """In which units the editor counts columns."""
        return str(getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding) or "utf-16")

    def folder(self, root: Path) -> RulesFolder:
        """The rules folder at a path, read when it is new."""
        root = root.resolve()
        if root not in self.folders:
            self.folders[root] = RulesFolder(root, self.extras)
        return self.folders[root]

    def find(self, uri: str) -> tuple[RulesFolder, str] | None:
        """The rules folder a file lies in and its path from there; None for a file the desk does not read."""
        name = to_fs_path(uri)
        if name is None or not name.endswith(SUFFIXES):
            return None
        path = Path(name)
        path = path.parent.resolve() / path.name
        known = [root for root in self.folders if path.is_relative_to(root)]
        root = known[0] if known else next((up for up in path.parents if (up / "desk.yaml").is_file()), None)
        if root is None:
            return None
        return self.folder(root), path.relative_to(root).as_posix()

    # ---- positions ---------------------------------------------------------------------------------------------

    def positions(self, folder: RulesFolder, path: str) -> Positions:
        """The positions of a file as it is now."""
        return Positions(folder.workspace.files.get(path, ""), self.encoding)

    def ours(self, folder: RulesFolder, path: str, position: lsp.Position) -> tuple[int, int]:
        """Line and column of an editor's position."""
        return self.positions(folder, path).ours(position.line, position.character)

    def range(self, folder: RulesFolder, place: Place) -> lsp.Range:
        """The editor's range of a place."""
        positions = self.positions(folder, place.path)
        start = positions.theirs(place.line, place.column)
        end = positions.theirs(place.end_line, place.end_column)
        return lsp.Range(lsp.Position(*start), lsp.Position(*end))

    def location(self, folder: RulesFolder, place: Place) -> lsp.Location:
        """A place with its file's address."""
        return lsp.Location(folder.uri(place.path), self.range(folder, place))

    def edits(self, folder: RulesFolder, edits: Iterable[Edit]) -> lsp.WorkspaceEdit:
        """Edits by file."""
        changes: dict[str, list[lsp.TextEdit]] = {}
        for edit in edits:
            text = lsp.TextEdit(self.range(folder, edit.place), edit.text)
            changes.setdefault(folder.uri(edit.place.path), []).append(text)
        return lsp.WorkspaceEdit(changes=changes)

    # ---- findings ----------------------------------------------------------------------------------------------

    def look(self, folder: RulesFolder) -> None:
        """Looks for findings once the keys have been quiet."""
        if folder.due is not None:
            folder.due.cancel()
        folder.due = asyncio.get_running_loop().call_later(QUIET, self._begin, folder)

    def _begin(self, folder: RulesFolder) -> None:
        folder.due = None
        if folder.looking is None or folder.looking.done():  # else it sees by itself that texts have changed
            folder.looking = asyncio.get_running_loop().create_task(self._look(folder))

    async def _look(self, folder: RulesFolder) -> None:
        """One look at a time, until it was at what stands there now; in a thread, so that answers need not wait."""
        try:
            while folder.due is None:
                workspace = folder.workspace
                if (soon := await asyncio.to_thread(workspace.first_findings)) and folder.workspace is workspace:
                    self._tell(folder, [*soon, *folder.lasting()])
                found = await asyncio.to_thread(folder.findings)
                if folder.workspace is workspace:
                    folder.last = found
                    self._tell(folder, found)
                    return
        except Exception:
            log.exception("looking for findings in %s failed", folder.root)

    def _tell(self, folder: RulesFolder, found: Sequence[Finding]) -> None:
        by_path: dict[str, list[lsp.Diagnostic]] = {path: [] for path in (*folder.open, *folder.told)}
        for finding in found:
            by_path.setdefault(finding.span.source.path, []).append(self._diagnostic(folder, finding))
        for path in sorted(by_path):
            params = lsp.PublishDiagnosticsParams(folder.uri(path), by_path[path], version=folder.versions.get(path))
            self.text_document_publish_diagnostics(params)
        folder.told = {path for path, told in by_path.items() if told}

    def _diagnostic(self, folder: RulesFolder, finding: Finding) -> lsp.Diagnostic:
        finding = finding.spoken(self.locale)
        error = str(finding.severity) == "error"
        unused = finding.code.startswith("unused-")
        return lsp.Diagnostic(
            range=self.range(folder, Place.of(finding.span)),
            message=in_words(finding, self.locale),
            severity=lsp.DiagnosticSeverity.Error if error else lsp.DiagnosticSeverity.Warning,
            code=finding.code,
            source="yingda",
            tags=[lsp.DiagnosticTag.Unnecessary] if unused else None,
            related_information=[
                lsp.DiagnosticRelatedInformation(self._location_of(folder, other.span), other.message)
                for other in finding.related
            ],
            data=finding.as_dict(),
        )

    def _location_of(self, folder: RulesFolder, span: Span) -> lsp.Location:
        return self.location(folder, Place.of(span))


def make_server(extras: Extras = NOTHING_MORE, locale: str = "en") -> Server:
    """The server with everything it answers; `start_io` runs it. `extras`: what plugins add to the words of rules,
    `locale`: the language of texts for an editor that does not tell its own."""
    server = Server(extras, locale)
    _texts(server)
    _answers(server)
    _changes(server)
    return server


def _texts(server: Server) -> None:
    """What the editor tells: folders, open texts, files that changed."""

    @server.feature(lsp.INITIALIZE)
    def initialize(params: lsp.InitializeParams) -> None:
        server.locale = locale_of(params.locale) if params.locale else server.locale

    @server.feature(lsp.INITIALIZED)
    def initialized(params: lsp.InitializedParams) -> None:
        folders = [to_fs_path(folder.uri) for folder in server.workspace.folders.values()]
        for name in folders or [server.workspace.root_path]:
            root = rules_folder_of(Path(name)) if name else None
            if root is not None:
                server.look(server.folder(root))
        watched = server.client_capabilities.workspace and server.client_capabilities.workspace.did_change_watched_files
        if watched and watched.dynamic_registration:
            watchers = [lsp.FileSystemWatcher("**/*.{rules,yaml,yml,txt}")]
            options = lsp.DidChangeWatchedFilesRegistrationOptions(watchers)
            registration = lsp.Registration("watch", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            server.client_register_capability(lsp.RegistrationParams([registration]))

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        _typed(document.uri, document.version, document.text)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        found = server.find(params.text_document.uri)
        if found is None:
            return
        folder, path = found
        text = folder.open.get(path, "")
        for change in params.content_changes:
            if isinstance(change, lsp.TextDocumentContentChangePartial):
                start, end = change.range.start, change.range.end
                positions = Positions(text, server.encoding)
                text = positions.replaced((start.line, start.character), (end.line, end.character), change.text)
            else:
                text = change.text
        _typed(params.text_document.uri, params.text_document.version, text)

    def _typed(uri: str, version: int | None, text: str) -> None:
        found = server.find(uri)
        if found is not None:
            folder, path = found
            folder.uris[path], folder.versions[path] = uri, version
            folder.typed(path, text)
            server.look(folder)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        found = server.find(params.text_document.uri)
        if found is not None:
            folder, path = found
            folder.versions.pop(path, None)
            folder.typed(path, None)
            server.look(folder)

    server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)(lambda params: None)  # what is saved was typed before

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def on_disk(params: lsp.DidChangeWatchedFilesParams) -> None:
        touched = [found[0] for change in params.changes if (found := server.find(change.uri)) is not None]
        for folder in {id(folder): folder for folder in touched}.values():
            folder.read()
            server.look(folder)


def _answers(server: Server) -> None:
    """What the editor asks."""

    @server.feature(
        lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[".", "{", "|", '"', "[", "="])
    )
    def complete(params: lsp.CompletionParams) -> lsp.CompletionList | None:
        found = server.find(params.text_document.uri)
        if found is None:
            return None
        folder, path = found
        offered = folder.workspace.complete(path, *server.ours(folder, path, params.position))
        places = {item.place: server.range(folder, item.place) for item in offered}
        items = [
            lsp.CompletionItem(
                label=item.label,
                kind=_ITEMS.get(item.kind, lsp.CompletionItemKind.EnumMember),
                detail=spoken(item.detail, server.locale) or None,
                documentation=lsp.MarkupContent(lsp.MarkupKind.Markdown, spoken(item.documentation, server.locale))
                if item.documentation
                else None,
                sort_text=f"{number:05}",
                filter_text=item.insert if item.insert.startswith('"') else item.label,
                text_edit=lsp.TextEdit(places[item.place], item.insert),
            )
            for number, item in enumerate(offered)
        ]
        return lsp.CompletionList(is_incomplete=True, items=items)

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        found = server.find(params.text_document.uri)
        if found is None:
            return None
        folder, path = found
        page = folder.workspace.hover(path, *server.ours(folder, path, params.position))
        if page is None:
            return None
        text = spoken(page.text, server.locale)
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text), server.range(folder, page.place))

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(params: lsp.DefinitionParams) -> lsp.Location | None:
        found = server.find(params.text_document.uri)
        if found is None:
            return None
        folder, path = found
        place = folder.workspace.definition(path, *server.ours(folder, path, params.position))
        return None if place is None else server.location(folder, place)

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    def references(params: lsp.ReferenceParams) -> list[lsp.Location]:
        found = server.find(params.text_document.uri)
        if found is None:
            return []
        folder, path = found
        at, wanted = server.ours(folder, path, params.position), params.context.include_declaration
        places = folder.workspace.references(path, *at, declarations=wanted)
        return [server.location(folder, place) for place in places]

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def symbols(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        found = server.find(params.text_document.uri)
        if found is None:
            return []
        folder, path = found

        def one(symbol: Symbol) -> lsp.DocumentSymbol:
            return lsp.DocumentSymbol(
                name=symbol.name,
                kind=_SYMBOLS.get(symbol.kind, lsp.SymbolKind.EnumMember),
                range=server.range(folder, symbol.place),
                selection_range=server.range(folder, symbol.name_place),
                detail=spoken(symbol.detail or noun(symbol.kind), server.locale),
            )

        return [one(symbol) for symbol in folder.workspace.symbols(path)]

    @server.feature(lsp.WORKSPACE_SYMBOL)
    async def everywhere(params: lsp.WorkspaceSymbolParams) -> list[lsp.WorkspaceSymbol]:
        made = []
        for folder in [*server.folders.values()]:
            for one in await asyncio.to_thread(folder.workspace.search, params.query):
                kind = _SYMBOLS.get(one.kind, lsp.SymbolKind.EnumMember)
                made.append(lsp.WorkspaceSymbol(server.location(folder, one.name_place), one.name, kind))
        return made


def _changes(server: Server) -> None:
    """What changes texts: another name, the layout, remedies."""

    @server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def name_at(params: lsp.PrepareRenameParams) -> lsp.Range | None:
        found = server.find(params.text_document.uri)
        if found is None:
            return None
        folder, path = found
        place = folder.workspace.name_at(path, *server.ours(folder, path, params.position))
        if isinstance(place, Refusal):
            raise JsonRpcException(spoken(place.message, server.locale), REFUSED)
        return server.range(folder, place)

    @server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    async def rename(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        found = server.find(params.text_document.uri)
        if found is None:
            return None
        folder, path = found
        workspace, at = folder.workspace, server.ours(folder, path, params.position)
        edits = await asyncio.to_thread(workspace.rename, path, *at, params.new_name)
        if isinstance(edits, Refusal):
            raise JsonRpcException(spoken(edits.message, server.locale), REFUSED)
        if folder.workspace is not workspace:
            raise JsonRpcException(say("the texts have changed meanwhile; try again").spoken(server.locale), REFUSED)
        return server.edits(folder, edits)

    @server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
    def formatting(params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
        found = server.find(params.text_document.uri)
        if found is None:
            return []
        folder, path = found
        before, after = folder.workspace.files.get(path, ""), folder.workspace.format(path)
        if before == after:
            return []
        end = lsp.Position(*server.positions(folder, path).position(len(before)))
        return [lsp.TextEdit(lsp.Range(lsp.Position(0, 0), end), after)]

    @server.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix])
    )
    async def remedies(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        found = server.find(params.text_document.uri)
        if found is None:
            return []
        folder, path = found
        start, end = (server.ours(folder, path, one) for one in (params.range.start, params.range.end))
        workspace = folder.workspace
        actions = await asyncio.to_thread(workspace.actions, path, *start, *end)
        if folder.workspace is not workspace:
            return []
        told = {(d.code, d.range.start.line, d.range.start.character): d for d in params.context.diagnostics}
        made: list[lsp.CodeAction] = []
        for action in actions:
            place = server.range(folder, action.finding)
            about = told.get((action.code, place.start.line, place.start.character))
            made.append(
                lsp.CodeAction(
                    title=spoken(action.title, server.locale),
                    kind=lsp.CodeActionKind.QuickFix,
                    diagnostics=[about] if about is not None else None,
                    edit=server.edits(folder, action.edits),
                )
            )
        return made

"""A workspace: the texts of a rules folder and everything that can be asked about them. Pure and immutable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

from engine.core.building import build, digest_of, environment_of
from engine.core.rulebook import NOTHING_MORE, Extras, Rulebook
from engine.editor import remedies, renaming
from engine.editor.completion import FLAGS, Wanted, fitting, in_slot, wanted
from engine.editor.keyword_pages import keyword_at
from engine.editor.knowledge import Knowledge
from engine.editor.mentions import Mention, in_rules, in_word_list, in_yaml, kind_of
from engine.editor.outline import Spot, spot, symbol_of
from engine.editor.results import CodeAction, Completion, Edit, Hover, Place, Refusal, Symbol
from engine.editor.shapes import Shape, below, key_at, page_of, shape_of
from engine.editor.spelling import noun, quoted, scalar
from engine.lang import CannotFormat, Environment, Finding, Severity, Source, ast, format_text, load_plain, parse
from engine.lang.grammar import action_words
from engine.lang.keywords import TOKENS, WRITTEN
from engine.lang.meeting import comparable
from engine.lang.nodes import Node, Reader
from engine.lang.said import say
from engine.lang.spoken import in_own_words
from engine.lang.text import fold
from engine.reload import Loaded, load_files

_Item = TypeVar("_Item", ast.Define, ast.Words, ast.Rule)

_BARE = frozenset("field setting event function definition words code filter flag action argument".split())
"""What is never put in quotes."""
_MOST = 300
"""Completions of one answer: a list that nobody reads to its end, and a second is not spent on."""


class _File:
    """One text and what was read of it; workspaces with the same text share it."""

    def __init__(self, path: str, text: str) -> None:
        self.source = Source(path, text)
        self._environment: Environment | None = None
        self._mentions: list[Mention] = []
        self._about: dict[tuple[str, str], Node] = {}

    @cached_property
    def tree(self) -> ast.File | None:
        """The syntax tree of a rule file."""
        return parse(self.source)[0] if self.source.path.endswith(".rules") else None

    @cached_property
    def shape(self) -> Shape | None:
        """What a YAML file is."""
        return shape_of(self.source.path)

    @cached_property
    def root(self) -> Node | None:
        """The root of a YAML file that can be read."""
        return None if self.shape is None else Reader(self.source, []).read()

    @cached_property
    def broken(self) -> bool:
        """Whether it is a YAML file that cannot be read as it should now: it is being typed."""
        return self.shape is not None and bool(load_plain(self.source)[1])

    def read(self, environment: Environment) -> tuple[list[Mention], dict[tuple[str, str], Node]]:
        """Every name of the file, and what it says about the nouns it declares."""
        if self._environment is not environment:
            self._mentions, self._about = self._read(environment)
            self._environment = environment
        return self._mentions, self._about

    def _read(self, environment: Environment) -> tuple[list[Mention], dict[tuple[str, str], Node]]:
        if self.tree is not None:
            return in_rules(self.tree, environment), {}
        if self.root is not None and self.shape is not None:
            return in_yaml(self.root, self.shape, environment)
        return (in_word_list(self.source) if self.source.path.endswith(".txt") else []), {}


class Workspace:
    """The texts of a rules folder, by their paths from it. Lines and columns count from 1, columns in characters."""

    def __init__(self, files: Mapping[str, str], extras: Extras = NOTHING_MORE) -> None:
        self.files: Mapping[str, str] = MappingProxyType(dict(files))
        self.extras = extras
        self._files = {path: _File(path, text) for path, text in self.files.items()}
        self._readable = dict(self._files)
        self._sound: tuple[Rulebook, tuple[Finding, ...]] | None = None

    def with_file(self, path: str, text: str | None) -> Workspace:
        """The workspace with one file changed, added, or (None) taken away."""
        return self.with_files({path: text})

    def with_files(self, changes: Mapping[str, str | None]) -> Workspace:
        """The workspace with several files changed. What did not change is not read again."""
        changes = {path: text for path, text in changes.items() if self.files.get(path) != text}
        if not changes:
            return self
        made = Workspace({}, self.extras)
        made._sound = self._sound
        files = {path: file for path, file in self._files.items() if path not in changes}
        files |= {path: _File(path, text) for path, text in changes.items() if text is not None}
        made._files = files
        made.files = MappingProxyType({path: file.source.text for path, file in files.items()})
        # While a YAML file is half-typed, what it said before is what rules may name.
        made._readable = {}
        for path, file in files.items():
            before = self._readable.get(path)
            made._readable[path] = before if file.broken and before is not None else file
        if not any(path.endswith((".yaml", ".yml")) and not _is_test(path) for path in changes):
            made.__dict__["environment"] = self.environment
        return made

    # ---- what was built ----------------------------------------------------------------------------------------

    @cached_property
    def environment(self) -> Environment:
        """What rules may name: of the nouns that can be read, and of what stood there before where they cannot."""
        nouns = {
            path: file.source.text
            for path, file in self._readable.items()
            if path.endswith((".yaml", ".yml")) and not _is_test(path)
        }
        return environment_of(nouns, self.extras)

    @cached_property
    def _found(self) -> tuple[Finding, ...]:
        if self._sound is not None and self._sound[0].digest == digest_of(self.files):
            return self._sound[1]
        loaded = self._load(run_scenarios=False)
        if loaded.rulebook is not None:
            self._sound = loaded.rulebook, tuple(loaded.findings)
        return tuple(loaded.findings)

    @cached_property
    def _played(self) -> tuple[Finding, ...]:
        return tuple(self._load(run_scenarios=True).findings)

    def _load(self, run_scenarios: bool) -> Loaded:
        """What an edit of a sound folder did not touch is not built again."""
        previous = None if self._sound is None else self._sound[0]
        if previous is not None and previous.digest == digest_of(self.files):
            previous = None
        return load_files(self.files, previous=previous, extras=self.extras, run_scenarios=run_scenarios)

    def findings(self, *, with_scenarios: bool = False) -> list[Finding]:
        """What `engine validate` says about these texts.

        `with_scenarios`: the scenarios are run as well, as before a rulebook is put in force; each that fails is a
        finding.
        """
        return list(self._played if with_scenarios else self._found)

    @cached_property
    def mentions(self) -> Mapping[tuple[str, str], list[Mention]]:
        """Every mention of every name, by kind and name."""
        found: dict[tuple[str, str], list[Mention]] = defaultdict(list)
        for path in sorted(self._files):
            for mention in self._files[path].read(self.environment)[0]:
                found[mention.kind, mention.name].append(mention)
        return found

    @cached_property
    def knowledge(self) -> Knowledge:
        """What is known about each name."""
        about: dict[tuple[str, str], Node] = {}
        for file in self._readable.values():
            about |= file.read(self.environment)[1]
        declared = {
            key: [mention for mention in found if mention.declares]
            for key, found in self.mentions.items()
            if any(mention.declares for mention in found)
        }
        return Knowledge(self.environment, declared, about, self._words(), self._rules())

    def _words(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for item in self._items(ast.Words):
            if item.path is None:
                words = [value.text for value in item.items if isinstance(value, ast.Name | ast.TextValue)]
            else:
                lines = (line.strip() for line in self.files.get(item.path.text, "").split("\n"))
                words = [line for line in lines if line and not line.startswith("#")]
            found.setdefault(item.name.text, tuple(words))
        return found

    def _rules(self) -> dict[str, tuple[str, str]]:
        found = {}
        for define in self._items(ast.Define):
            found[f"definition {define.name.text}"] = (define.condition.span.text, define.span.text)
        for rule in self._items(ast.Rule):
            title = rule.title.text if rule.title is not None else ""
            found[f"rule {rule.name.text}"] = (title, rule.span.text)
        return found

    def _items(self, kind: type[_Item]) -> Iterable[_Item]:
        for file in self._files.values():
            for item in file.tree.items if file.tree is not None else ():
                if isinstance(item, kind):
                    yield item

    # ---- questions ---------------------------------------------------------------------------------------------

    def complete(self, path: str, line: int, column: int) -> list[Completion]:
        """What fits at a position, best first; it is no matter whether the file can be read as it is."""
        file = self._files.get(path)
        if file is None:
            return []
        offset = self._offset(file, line, column)
        text = file.source.text
        if file.shape is not None:
            found = self._complete_yaml(file, offset)
        elif path.endswith(".rules"):
            want = wanted(text, offset, self.environment)
            found = self._named(file, want, offset) if want is not None else []
        else:
            found = []
        return found[:_MOST]

    def _named(self, file: _File, want: Wanted, offset: int) -> list[Completion]:
        known = self.knowledge
        end = offset + (1 if want.quote and file.source.text[offset : offset + 1] == want.quote else 0)
        start = want.start - len(want.quote)
        place = Place.of(file.source.span(start, end))
        found: list[Completion] = []
        for kind in want.kinds:
            for name in fitting(want.word, self._candidates(kind, want)):
                real = kind.partition(":")[2] if kind.startswith("value:") else kind.partition(":")[0]
                real = {"plugin": "action"}.get(real, real)
                insert = name if real in _BARE or kind.startswith("field:") else noun(name)
                insert += ": " if real == "argument" else ""
                if want.quote:
                    insert = quoted(name)
                found.append(Completion(name, real, insert, place, known.line(real, name), known.page(real, name)))
        words = [word for word in want.keywords if "flag" not in want.kinds or TOKENS[word] not in FLAGS]
        acts = {TOKENS[word] for word in words} > {"STOP", "REPLY"}
        for word in fitting(want.word, words):
            if not acts or TOKENS[word] not in action_words():
                found.append(Completion(word, "keyword", word, place))
            elif (verb := known.verb(WRITTEN[TOKENS[word]])) is not None:
                found.append(Completion(word, "keyword", word, place, verb.shape, known.page("action", verb.name)))
        begun = fold(want.word)
        return sorted(found, key=lambda item: not fold(item.label).startswith(begun))

    def _candidates(self, kind: str, want: Wanted) -> list[str]:
        environment = self.environment
        if kind == "flag":
            return [word for word in want.keywords if TOKENS[word] in FLAGS]
        if kind == "plugin":
            return sorted(environment.plugin_actions)
        if kind.startswith("argument:"):
            action = environment.plugin_actions.get(kind.partition(":")[2])
            return list(action.parameters) if action is not None else []
        if kind == "file":
            return sorted(path for path in self.files if path.endswith(".txt"))
        if kind.startswith("field:"):
            held = kind.partition(":")[2]
            return [name for name, field in environment.fields.items() if kind_of(field.type) == held]
        names = self.knowledge.names(kind.removeprefix("value:"))
        if kind in ("field", "setting"):
            fields = environment.fields
            names = [name for name in names if not want.writable or fields[name].writable]
            names = [name for name in names if want.like is None or comparable(want.like, fields[name].type)]
        if kind == "field" and want.objects is not None:
            names = [name for name in names if "." not in name or name.split(".")[0] in want.objects]
        return names

    def _complete_yaml(self, file: _File, offset: int) -> list[Completion]:
        text = file.source.text
        here = spot(text, offset)
        if here is None:
            return []
        shape, subject = below(file.shape, here.path)
        if shape is None:
            return []
        if shape.value == "text" and here.value:
            slot = in_slot(text[here.start : offset], offset)
            return self._named(file, slot, offset) if slot is not None else []
        if shape.value == "condition" and here.value:
            return self._in_condition(file, here, offset)
        word = text[here.start : offset]
        end = offset + (1 if here.quote and text[offset : offset + 1] == here.quote else 0)
        place = Place.of(file.source.span(here.start - len(here.quote), end))
        found: list[Completion] = []
        if here.key:
            found += self._keys(shape, word, place, text[end : end + 1] == ":")
        if here.value:
            item = shape.items if shape.items is not None and not here.key else shape
            found += self._scalars(item, subject, word, place)
        return found

    def _keys(self, shape: Shape, word: str, place: Place, written: bool) -> list[Completion]:
        colon = "" if written else ": "
        found = []
        for key in fitting(word, shape.keys):
            slot = shape.docs.get(key)
            doc, page = ("", "") if slot is None else (slot.doc, page_of(slot))
            found.append(Completion(key, "key", f"{key}{colon}", place, doc, page))
        if shape.name and not shape.declares:
            owner = shape.name if shape.name.endswith(".") else ""
            names = self.knowledge.names("field" if owner or shape.name == "field" else shape.name)
            short = [name.removeprefix(owner) for name in names if name.startswith(owner) and (owner or "." in name)]
            for key in fitting(word, short):
                line, page = self.knowledge.line("field", owner + key), self.knowledge.page("field", owner + key)
                found.append(Completion(key, "field", f"{key}{colon}", place, line, page))
        return found

    def _scalars(self, shape: Shape, subject: str, word: str, place: Place) -> list[Completion]:
        known = self.knowledge
        found = [Completion(choice, "value", choice, place) for choice in fitting(word, shape.choices)]
        kinds = ["role", "team"] if shape.value == "role or team" else [shape.value]
        for kind in kinds:
            if kind == "*":
                field = self.environment.fields.get(subject)
                kind = kind_of(None if field is None else field.type)
            if not kind or shape.declares:
                continue
            names = known.names(kind)
            if kind == "state":  # a lifecycle moves between its own states
                before = self._readable[place.path].read(self.environment)[0]
                names = [m.name for m in before if m.kind == "state" and m.declares] or names
            for name in fitting(word, names):
                line, page = known.line(kind, name), known.page(kind, name)
                found.append(Completion(name, kind, scalar(name), place, line, page))
        return found

    def _in_condition(self, file: _File, here: Spot, offset: int) -> list[Completion]:
        text = file.source.text
        want = wanted(text[here.start :], offset - here.start, self.environment, "cond")
        if want is None:
            return []
        shifted = Wanted(
            want.start + here.start,
            want.word,
            want.keywords,
            want.kinds,
            frozenset(_CASE),
            False,
            want.like,
            want.quote,
        )
        return self._named(file, shifted, offset)

    def hover(self, path: str, line: int, column: int) -> Hover | None:
        """What is to be known about the name at a position, or about the key of a YAML file."""
        mention = self._at(path, line, column)
        if mention is None:
            return self._hover_key(path, line, column) or self._hover_keyword(path, line, column)
        page = self.knowledge.page(mention.kind, mention.name)
        return Hover(page, Place.of(mention.span)) if page else None

    def _hover_keyword(self, path: str, line: int, column: int) -> Hover | None:
        file = self._files.get(path)
        if file is None or not path.endswith(".rules"):
            return None
        return keyword_at(file.source, self._offset(file, line, column))

    def _hover_key(self, path: str, line: int, column: int) -> Hover | None:
        file = self._files.get(path)
        if file is None or file.root is None or file.shape is None:
            return None
        found = key_at(file.root, file.shape, self._offset(file, line, column))
        return None if found is None else Hover(page_of(found[0]), Place.of(found[1]))

    def definition(self, path: str, line: int, column: int) -> Place | None:
        """Where the name at a position is declared: in the same shop if it has its own, else for all."""
        mention = self._at(path, line, column)
        if mention is None:
            return None
        declared = [other for other in self.mentions[mention.kind, mention.name] if other.declares]
        shop = _shop(path)
        declared.sort(key=lambda other: (_shop(other.span.source.path) != shop, _shop(other.span.source.path) != ""))
        return Place.of(declared[0].span) if declared else None

    def references(self, path: str, line: int, column: int, *, declarations: bool = True) -> list[Place]:
        """Every place that names what the name at a position names, its declarations among them if wanted."""
        mention = self._at(path, line, column)
        if mention is None:
            return []
        named = self.mentions[mention.kind, mention.name]
        return [Place.of(other.span) for other in named if declarations or not other.declares]

    def name_at(self, path: str, line: int, column: int) -> Place | Refusal:
        """The name at a position if it can be renamed, else why not."""
        mention = self._at(path, line, column)
        refusal = renaming.refused(self, mention)
        if refusal is not None or mention is None:
            return refusal or Refusal(say("there is no name here"))
        return Place.of(renaming.bare_span(mention))

    def rename(self, path: str, line: int, column: int, new: str) -> list[Edit] | Refusal:
        """The edits that give what is named at a position another name, in rules and YAML; or why it cannot have it."""
        mention = self._at(path, line, column)
        refusal = renaming.refused(self, mention)
        if refusal is not None or mention is None:
            return refusal or Refusal(say("there is no name here"))
        return renaming.rename(self, mention, new)

    def format(self, path: str) -> str:
        """The text of a file in the one layout; as it is where there is none for it, or it has mistakes."""
        text = self.files.get(path, "")
        if not path.endswith(".rules"):
            return text
        try:
            return format_text(Source(path, text))
        except CannotFormat:
            return text

    def actions(self, path: str, line: int, column: int, end_line: int, end_column: int) -> list[CodeAction]:
        """Remedies for the findings that touch a piece of a file."""
        file = self._files.get(path)
        if file is None:
            return []
        start, end = self._offset(file, line, column), self._offset(file, end_line, end_column)
        touched = [
            finding
            for finding in self.findings()
            if finding.span.source.path == path and finding.span.start <= end and start <= finding.span.end
        ]
        return [action for finding in touched for action in remedies.remedies(finding, file.tree)]

    def search(self, query: str) -> list[Symbol]:
        """What the whole folder declares under a name like this, closest first."""
        every = {s.name_place: s for path in sorted(self._files) for s in self.symbols(path) if s.kind != "stage"}
        like = set(fitting(query, dict.fromkeys(symbol.name for symbol in every.values())))
        found = [symbol for symbol in every.values() if symbol.name in like]
        begun = fold(query)
        return sorted(found, key=lambda one: (not fold(one.name).startswith(begun), one.name))[:_MOST]

    def first_findings(self) -> list[Finding]:
        """The errors that are found before all rules are looked at together: soon after a key, and not all there is."""
        previous = None if self._sound is None else self._sound[0]
        found = build(self.files, previous=previous, extras=self.extras, analyse=False)[1]
        return [finding for finding in in_own_words(found) if finding.severity is Severity.ERROR]

    def symbols(self, path: str) -> list[Symbol]:
        """The outline of a file."""
        file = self._files.get(path)
        if file is None:
            return []
        if file.tree is not None:
            return [symbol for item in file.tree.items if (symbol := symbol_of(item)) is not None]
        mentions, about = file.read(self.environment)
        found = []
        for mention in mentions:
            if mention.declares and mention.kind not in ("trigger", "file") and "." not in mention.kind:
                node = about.get((mention.kind, mention.name))
                whole = mention.span if node is None else mention.span.to(node.span)
                if node is not None and node.span.start < mention.span.start:
                    whole = node.span
                detail = self.knowledge.line(mention.kind, mention.name)
                found.append(Symbol(mention.name, mention.kind, detail, Place.of(whole), Place.of(mention.span)))
        return found

    # ---- positions ---------------------------------------------------------------------------------------------

    @staticmethod
    def _offset(file: _File, line: int, column: int) -> int:
        """The offset of a position; one past the text is its end."""
        lines = file.source.text.split("\n")
        if line < 1:
            return 0
        if line > len(lines):
            return len(file.source.text)
        before = sum(len(one) + 1 for one in lines[: line - 1])
        return before + max(0, min(column - 1, len(lines[line - 1])))

    def _at(self, path: str, line: int, column: int) -> Mention | None:
        """The smallest name a position touches."""
        file = self._files.get(path)
        if file is None:
            return None
        offset = self._offset(file, line, column)
        touched = [m for m in file.read(self.environment)[0] if m.span.start <= offset <= m.span.end]
        # Of two neighbours the one that begins here is meant.
        return min(touched, key=lambda m: (m.span.end - m.span.start, -m.span.start), default=None)

    def unread(self) -> list[str]:
        """The files whose names are not all known, because they cannot be read."""
        return [
            path
            for path, file in self._files.items()
            if (file.tree is not None and not file.tree.whole) or (file.shape is not None and file.root is None)
        ]


_CASE = ("ticket", "member", "shop", "agent")


def _is_test(path: str) -> bool:
    return "tests" in path.split("/")[:-1]


def _shop(path: str) -> str:
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "shops" else ""

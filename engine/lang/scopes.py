"""Definitions, word lists and settings: which one a name means, for the shared rules and for each shop.

What a shop declares replaces what is shared under the same name, everywhere that shop's tickets are decided: so a
shared rule that uses a replaced name means something else there (`touched`).
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.lang import ast, tree
from engine.lang.emptiness import empty_comparisons
from engine.lang.environment import Environment
from engine.lang.findings import Finding, Related, closest
from engine.lang.keywords import forms
from engine.lang.limits import LIMITS
from engine.lang.resolver import Report, Resolver
from engine.lang.said import say
from engine.lang.source import Source, Span
from engine.lang.wordlists import redundant_words

_ONLY = (*forms("ONLY", "en"), *forms("ONLY", "zh"))
_MASK = (*forms("MASK", "en"), *forms("MASK", "zh"))
_SETTING = re.compile(r"setting\.(\w+)")


def shop_of(path: str) -> str | None:
    """The shop a file belongs to (`shops/NAME/…`), or None when it is shared."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "shops" else None


def names_in(item: ast.Node) -> set[str]:
    """What an item names that a shop may replace: words, definitions, settings (with `setting.`)."""
    return {
        node.text
        for node in ast.walk(item)
        if isinstance(node, ast.Name) or (isinstance(node, ast.Path) and node.text.startswith("setting."))
    }


def _asked_whole(file: ast.File) -> set[str]:
    """The word lists of which a file asks `contains only`, or that it hides by `mask`: there a word that another one
    holds says more than that."""
    if not any(word in file.source.text for word in (*_ONLY, *_MASK)):
        return set()
    nodes = [node for item in file.items for node in ast.walk(item)]
    asked = (node for node in nodes if isinstance(node, ast.Contains) and node.mode == "only")
    hidden = (node["words"].text for node in nodes if isinstance(node, ast.Action) and node.verb == "mask")
    return {node.words.text for node in asked if node.words is not None} | set(hidden)


Declaration = TypeVar("Declaration", ast.Define, ast.Words)


@dataclass(frozen=True, slots=True)
class _Declared(Generic[Declaration]):
    item: Declaration
    shop: str | None
    names: frozenset[str]


_Scoped = dict[str | None, dict[str, _Declared[Declaration]]]


class Scopes:
    """All definitions and word lists of the rule files."""

    def __init__(
        self, files: Iterable[ast.File], environment: Environment, texts: Mapping[str, str], report: Report
    ) -> None:
        self.environment = environment
        self.used: set[tuple[str, str, str | None]] = set()
        self.broken: set[str] = set()
        self._texts = texts
        self.report = report
        self._definitions: _Scoped[ast.Define] = {None: {}}
        self._words: _Scoped[ast.Words] = {None: {}}
        self._resolved: dict[tuple[str, str | None], tree.Defined | None] = {}
        self._lists: dict[tuple[str, str | None], tuple[str, ...] | None] = {}
        self._closures: dict[tuple[str, str | None], frozenset[str]] = {}
        self._busy: list[str] = []
        self._depths: dict[str, int] = {}
        self._whole: set[str] = set()
        """Lists in which a short word does not stand for a longer one; see `_asked_whole`."""
        for file in files:
            self.broken |= file.broken
            self._whole.update(_asked_whole(file))
            shop = shop_of(file.path)
            for item in file.items:
                if isinstance(item, ast.Define):
                    self._declare(self._definitions, item, shop, say("definition"))
                elif isinstance(item, ast.Words):
                    self._declare(self._words, item, shop, say("word list"))
        self._environments = {shop: environment.of_shop(shop) for shop in environment.shop_settings}
        own = {shop for shop in (*self._definitions, *self._words) if shop is not None} | set(self._shop_files())
        self._with_names = sorted(own)
        self.shops = sorted(own | self._environments.keys())

    def environment_for(self, shop: str | None) -> Environment:
        """The environment with the shop's own settings."""
        return self.environment if shop is None else self._environments.get(shop, self.environment)

    def _declare(self, into: _Scoped[Declaration], item: Declaration, shop: str | None, what: str) -> None:
        name = item.name.text
        scope = into.setdefault(shop, {})
        other = scope.get(name)
        if other is not None:
            related = (Related(other.item.name.span, say("first here")),)
            message = say("there is a {what} `{name}` already", what, name)
            self.report(Finding("duplicate-definition", message, item.name.span, related=related))
            return
        names = frozenset(names_in(item)) - {name}
        if isinstance(item, ast.Define) and any(
            isinstance(node, ast.Name) and node.text == name for node in ast.walk(item.condition)
        ):
            names |= {name}
        scope[name] = _Declared(item, shop, names)

    def _shop_files(self) -> Iterable[str]:
        """Shops that bring their own file for a shared word list."""
        wanted = {declared.item.path.text for declared in self._words[None].values() if declared.item.path is not None}
        for shop in self.environment.shops:
            if any(f"shops/{shop}/{path}" in self._texts for path in wanted):
                yield shop

    def signature(self) -> Hashable:
        """The same for two looks in which every name means the same, and stands at the same place."""
        declared = [
            (shop or "", item.item.span.source.path, item.item.span.start, item.item.span.text)
            for scopes in (self._definitions, self._words)
            for shop, names in scopes.items()
            for item in names.values()
        ]
        paths = {item.item.path.text for names in self._words.values() for item in names.values() if item.item.path}
        paths |= {f"shops/{shop}/{path}" for shop in self._with_names for path in paths}
        texts = [(path, self._texts[path]) for path in sorted(paths) if path in self._texts]
        alone = (frozenset(self.broken), frozenset(self._whole))
        return (tuple(sorted(declared)), tuple(texts), tuple(self._with_names), *alone)

    def settings_in(self, file: ast.File) -> frozenset[str]:
        """The settings (`setting.NAME`) a file names, its texts and the definitions it uses in any shop included."""
        found = {f"setting.{name}" for name in _SETTING.findall(file.source.text)}
        names = {name for item in file.items for name in names_in(item)}
        stack = list(names)
        while stack:
            name = stack.pop()
            for scope in self._definitions.values():
                if name in scope:
                    stack.extend(scope[name].names - names)
                    names |= scope[name].names
        return frozenset(found | {name for name in names if name.startswith("setting.")})

    # ---- which declaration ------------------------------------------------------------------------------------

    def find_definition(self, name: str, shop: str | None) -> _Declared[ast.Define] | None:
        """The shop's own definition of that name, else the shared one."""
        return self._definitions.get(shop, {}).get(name) or self._definitions[None].get(name)

    def find_words(self, name: str, shop: str | None) -> _Declared[ast.Words] | None:
        """The shop's own word list of that name, else the shared one."""
        return self._words.get(shop, {}).get(name) or self._words[None].get(name)

    def definition_names(self, shop: str | None) -> set[str]:
        """All definitions a rule of that shop may use."""
        return set(self._definitions[None]) | set(self._definitions.get(shop, ()))

    def word_names(self, shop: str | None) -> set[str]:
        """All word lists a rule of that shop may use."""
        return set(self._words[None]) | set(self._words.get(shop, ()))

    def touched(self, names: Iterable[str], shop: str) -> bool:
        """Whether one of the shared names, or one they use, means something else for `shop`."""
        own = {
            *self._definitions.get(shop, ()),
            *self._words.get(shop, ()),
            *self.environment.shop_settings.get(shop, ()),
        }
        for name in self._closure(names):
            if name in own:
                return True
            words = self._words[None].get(name)
            if words is not None and self._own_file(words.item, shop):
                return True
        return False

    def _closure(self, names: Iterable[str]) -> set[str]:
        found: set[str] = set()
        stack = list(names)
        while stack:
            name = stack.pop()
            if name in found:
                continue
            found.add(name)
            declared = self._definitions[None].get(name)
            if declared is not None:
                stack.extend(declared.names)
        return found

    # ---- definitions ------------------------------------------------------------------------------------------

    def definition(self, name: ast.Name, shop: str | None) -> tree.Defined | None:
        """The checked definition for rules of `shop`; None when it is wrong. Raises KeyError when there is none."""
        declared = self.find_definition(name.text, shop)
        if declared is None:
            if name.text in self.broken:
                return None
            raise KeyError(name.text)
        self.used.add(("definition", name.text, declared.shop))
        scope = shop
        if shop is not None and declared.shop is None and not self.touched([name.text], shop):
            scope = None
        key = f"{name.text}@{scope}" if scope else name.text
        if key in self._busy:
            way = " → ".join(f"`{part.split('@')[0]}`" for part in [*self._busy[self._busy.index(key) :], key])
            self._fail(
                (name.text, scope), "recursive-definition", say("a definition uses itself: {way}", way), name.span
            )
            return None
        if (name.text, scope) not in self._resolved:
            if len(self._busy) >= LIMITS.definition_depth:
                self._too_deep((name.text, scope), name.span)
                return None
            self._busy.append(key)
            resolver = Resolver(self.environment_for(scope), ShopScope(self, scope), self.report)
            test = resolver.condition(declared.item.condition)
            self._busy.pop()
            if test is not None:
                for finding in empty_comparisons(test, self.environment):
                    self.report(finding)
            found = None if test is None else tree.Defined(declared.item.name.span, name.text, key, test)
            if found is not None:
                depth = 1 + max((self._depths.get(other.key, 0) for other in tree.uses(test)), default=0)
                self._depths[key] = depth
                if depth > LIMITS.definition_depth:
                    self._too_deep((name.text, scope), declared.item.name.span)
            self._resolved.setdefault((name.text, scope), found)
        resolved = self._resolved[name.text, scope]
        return None if resolved is None else tree.Defined(name.span, resolved.name, resolved.key, resolved.item)

    def _too_deep(self, key: tuple[str, str | None], span: Span) -> None:
        message = say("more than {most} definitions use each other in a row", LIMITS.definition_depth)
        self._fail(key, "recursive-definition", message, span)

    def _fail(self, key: tuple[str, str | None], code: str, message: str, span: Span) -> None:
        self._resolved[key] = None
        self.report(Finding(code, message, span))

    def check_all(self) -> dict[str, tree.Defined]:
        """Check every definition and word list, used or not; the shared definitions that are right, by name."""
        found: dict[str, tree.Defined] = {}
        for shop, declared in list(self._definitions.items()):
            for name, item in declared.items():
                before = set(self.used)
                resolved = self.definition(item.item.name, shop)
                self.used = before | {use for use in self.used if use != ("definition", name, shop)}
                if resolved is not None and shop is None:
                    found[name] = resolved
        for shop, words in list(self._words.items()):
            for name in words:
                self._list(name, shop)
        for shop in self.shops:
            self._check_touched(shop)
        return found

    def _check_touched(self, shop: str) -> None:
        """What is shared but means something else for a shop is looked at here, and not by the first rule using it."""
        used = set(self.used)
        for name, declared in self._definitions[None].items():
            if name not in self._definitions.get(shop, ()) and self.touched([name], shop):
                self.definition(declared.item.name, shop)
        for name in self._words[None]:
            if self.touched([name], shop):
                self._list(name, shop)
        self.used = used

    def all_words(self) -> dict[str, tuple[str, ...]]:
        """The shared word lists by name."""
        found = {name: self._list(name, None) for name in self._words[None]}
        return {name: words for name, words in found.items() if words is not None}

    def unused(self, used: Iterable[str]) -> Iterable[Finding]:
        """Warnings for what no rule uses; `used` names what YAML files use."""
        elsewhere = set(used)
        kinds = (("definition", self._definitions), ("words", self._words))
        for kind, scopes in kinds:
            for shop, declared in scopes.items():
                for name, item in declared.items():
                    taken = (kind, name, shop) in self.used or name in elsewhere
                    # A shop's own list stands in for the shared one, which some rule uses.
                    taken = taken or (shop is not None and (kind, name, None) in self.used)
                    if not taken:
                        what = say("definition") if kind == "definition" else say("word list")
                        code = "unused-definition" if kind == "definition" else "unused-words"
                        yield Finding(code, say("nothing uses the {what} `{name}`", what, name), item.item.name.span)

    # ---- words ------------------------------------------------------------------------------------------------

    def words(self, name: ast.Name, shop: str | None) -> tuple[str, ...] | None:
        """The word list for rules of `shop`; None when it is wrong. Raises KeyError when there is none."""
        declared = self.find_words(name.text, shop)
        if declared is None:
            if name.text in self.broken:
                return None
            raise KeyError(name.text)
        self.used.add(("words", name.text, declared.shop))
        return self._list(name.text, shop)

    def _list(self, name: str, shop: str | None) -> tuple[str, ...] | None:
        key = (name, shop)
        if key not in self._lists:
            declared = self.find_words(name, shop)
            if declared is None:
                return None
            own = declared.shop == shop or self._own_file(declared.item, shop)
            self._lists[key] = self._read(declared.item, shop) if own else self._list(name, None)
        return self._lists[key]

    def _own_file(self, item: ast.Words, shop: str | None) -> bool:
        return shop is not None and item.path is not None and f"shops/{shop}/{item.path.text}" in self._texts

    def _read(self, item: ast.Words, shop: str | None) -> tuple[str, ...] | None:
        entries: list[tuple[str, Span]]
        if item.path is None:
            resolver = Resolver(self.environment, ShopScope(self, shop), self.report)
            texts = resolver.texts(item.items)
            if texts is None:
                return None
            entries = [(text, node.span) for text, node in zip(texts, item.items, strict=True)]
        else:
            found = self._file(item.path, shop)
            if found is None:
                return None
            entries = found
        if len(entries) > LIMITS.words:
            message = say("a word list has at most {most} entries, this one {count}", LIMITS.words, len(entries))
            self.report(Finding("syntax-error", message, item.name.span))
            return None
        for finding in redundant_words(entries, "only" if item.name.text in self._whole else "any"):
            self.report(finding)
        return tuple(text for text, _ in entries)

    def _file(self, path: ast.TextValue, shop: str | None) -> list[tuple[str, Span]] | None:
        name = path.text
        if shop is not None and f"shops/{shop}/{name}" in self._texts:
            name = f"shops/{shop}/{name}"
        text = self._texts.get(name)
        if text is None:
            hint = closest(path.text, self._texts) or say("paths count from `rules/`")
            self.report(Finding("file-not-found", say("there is no file `{path}`", path.text), path.span, hint))
            return None
        source = Source(name, text)
        entries: list[tuple[str, Span]] = []
        at = 0
        for line in text.split("\n"):
            word = line.strip(" \t\r\ufeff\u3000")
            if word and not word.startswith("#"):
                start = at + line.index(word)
                entries.append((word, source.span(start, start + len(word))))
            at += len(line) + 1
        return entries


class ShopScope:
    """The names as rules of one shop (None: shared rules) see them."""

    def __init__(self, scopes: Scopes, shop: str | None) -> None:
        self._scopes = scopes
        self._shop = shop
        self._names = scopes.definition_names(shop) | scopes.broken

    def definition(self, name: ast.Name) -> tree.Defined | None:
        """See resolver.Scope."""
        return self._scopes.definition(name, self._shop)

    def words(self, name: ast.Name) -> tuple[str, ...] | None:
        """See resolver.Scope."""
        return self._scopes.words(name, self._shop)

    def names(self) -> Iterable[str]:
        """See resolver.Scope."""
        return self._names

    def word_names(self) -> Iterable[str]:
        """See resolver.Scope."""
        return self._scopes.word_names(self._shop)

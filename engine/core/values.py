"""What a decision's values are: entities, changes, traces. Frozen, equal by what they hold, made and copied in C.

A decision makes some sixty of them; a frozen dataclass takes nine to twenty times as long to make or copy. What is made
seldom (commands, the parts of a rulebook) is a dataclass, and `dataclasses.replace` is for those.
"""

from msgspec import Struct, field
from msgspec.structs import asdict, replace

__all__ = ["Struct", "asdict", "field", "replace"]

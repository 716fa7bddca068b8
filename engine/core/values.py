"""What the core's values are: frozen, equal by what they hold, made and copied in C.

A decision makes some ninety of them; a frozen dataclass takes six to twenty times as long to make or copy.
"""

from msgspec import Struct, field
from msgspec.structs import asdict, replace

__all__ = ["Struct", "asdict", "field", "replace"]

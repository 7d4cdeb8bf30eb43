# pandas as mypy sees it here: anything. pandas-stubs (wanted by the Python verifier) disagree with pandas 3 about columns.
from typing import Any, TypeAlias

def __getattr__(name: str) -> Any: ...

DataFrame: TypeAlias = Any
Series: TypeAlias = Any
Index: TypeAlias = Any

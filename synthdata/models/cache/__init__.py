"""Request -> reply store in SQLite: what makes a second run free and a crash harmless. It never holds headers, so no key.

`python -m synthdata.models.cache` checks, repairs and prunes a file.
"""

from synthdata.models.cache.keys import LOOK_UP_BATCH, make_digest, make_key, split_batches, write_body
from synthdata.models.cache.repair import repair_cache
from synthdata.models.cache.store import Cache, CacheConnection
from synthdata.models.cache.upkeep import check_cache, prune_cache
from synthdata.models.cache.writer import Writer

__all__ = [
    "LOOK_UP_BATCH",
    "Cache",
    "CacheConnection",
    "Writer",
    "check_cache",
    "make_digest",
    "make_key",
    "prune_cache",
    "repair_cache",
    "split_batches",
    "write_body",
]

"""Which pairs of a million rows are worth comparing: MinHash signatures, sorted into bands."""

from typing import Any

import numpy as np

ALL_PAIRS = 300  # so few rows are all compared: nothing is missed

HASHES = 64

SEED = 1

HIGH = 0xFFFFFFFF_00000000

CHUNK = 65_536  # rows signed, or pairs checked, at once: bounds memory

NEIGHBOURS = 8  # of a bucket larger than this, each row meets these next to it, and the best row

LEAST_AGREEMENT = 0.12  # of the signatures: two standard deviations below what a similarity of 0.6 gives


# A million rows make half a trillion pairs, far too many to compare one by one. MinHash (Broder 1997) finds the few that may be
# alike without looking at the others. Think of a row as the set of its phrases of two words, and of one way to shuffle all such
# phrases that exist: the one of a row's phrases that then comes first is the row's mark. Two rows get the same mark just when
# the first of all phrases that either has is one that both have; since any is as likely to be first, the chance of it is the
# share of phrases that they have in common. A hash function stands for a shuffle (the smallest hash comes first), and HASHES of
# them give a signature; the share of equal places in two signatures estimates how alike the rows are. Nor need all signatures be
# compared with one another: each is cut into bands of two to four places, and rows that agree in a whole band fall into one
# bucket. Rows with four phrases of five in common agree in a given band of two with a chance of 0.8² = 0.64, and it takes bad
# luck in all 32 bands to miss them; with one of ten in common the chance is 0.01. So two rows found here need not be alike,
# and are compared exactly afterwards; and two that are alike can be missed, the likelier the less alike they are.
def find_candidates(ids: Any, starts: Any, vocabulary: list[str], groups: Any) -> tuple[Any, Any]:
    """Find pairs of rows that may be alike, as two arrays of row numbers, the lower number first.

    ids, starts: the words of each row, as in words.Words. groups: one number for each row; rows that share it are
    candidates whatever their signature. MinHash: Broder 1997; bands: Leskovec, Rajaraman and Ullman, Mining of Massive
    Datasets, 3.4. Fewer rows get narrower bands, which miss less and cost more; ALL_PAIRS rows or fewer, every pair.
    """
    n = len(starts) - 1
    if n <= ALL_PAIRS:
        return np.triu_indices(n, 1)
    signatures = _sign_rows(ids, starts, vocabulary)
    width = 2 if n <= 10_000 else 3 if n <= 100_000 else 4
    found = [_pair_neighbours(mix_bits(groups) & HIGH | signatures[:, 0], signatures)]
    for start in range(0, HASHES - width + 1, width):
        band = signatures[:, start : start + width].astype(np.uint64)
        key = band[:, 0]
        for column in range(1, width):
            key = mix_bits(key) ^ band[:, column]
        nearest = signatures[:, (start + width) % HASHES]
        found.append(_pair_neighbours(mix_bits(key) & HIGH | nearest, signatures))
    pairs = np.unique(np.concatenate(found))
    return (pairs // n).astype(np.int64), (pairs % n).astype(np.int64)


def _sign_rows(ids: Any, starts: Any, vocabulary: list[str]) -> Any:
    from rensa import RMinHash

    # Hashes of the words themselves, not their numbers: which pairs are found does not depend on the order of the rows.
    hashes = mix_bits(np.array(RMinHash.hash_token_sets([vocabulary])[0], dtype=np.uint64))
    signatures = np.empty((len(starts) - 1, HASHES), dtype=np.uint32)
    for first in range(0, len(signatures), CHUNK):
        bounds = starts[first : first + CHUNK + 1]
        words = hashes[ids[bounds[0] : bounds[-1]]]
        before = np.empty_like(words)
        before[1:] = words[:-1]
        offsets = bounds - bounds[0]
        before[offsets[:-1]] = 0
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(
            mix_bits(before) ^ words, offsets.astype(np.uint64), HASHES, SEED
        )
        signatures[first : first + CHUNK] = matrix.to_rows()
    return signatures


def _pair_neighbours(keys: Any, signatures: Any) -> Any:
    """Pair the rows whose keys agree in the upper 32 bits, sorted by the lower, as better * rows + worse."""
    n = len(keys)
    order = np.argsort(keys, kind="stable")
    bucket = (keys >> np.uint64(32))[order]
    edges = np.flatnonzero(np.concatenate([[True], bucket[1:] != bucket[:-1]]))
    sizes = np.diff(np.append(edges, n))
    large = np.repeat(sizes > NEIGHBOURS + 1, sizes)
    best = np.repeat(np.minimum.reduceat(order, edges), sizes)
    lists = [(best[large], order[large])]
    for distance in range(1, NEIGHBOURS + 1):
        same = np.flatnonzero(bucket[distance:] == bucket[:-distance])
        lists.append((order[same], order[same + distance]))
    kept = []
    for left, right in lists:
        for first in range(0, len(left), CHUNK):
            a, b = left[first : first + CHUNK], right[first : first + CHUNK]
            alike = (signatures[a] == signatures[b]).mean(axis=1) >= LEAST_AGREEMENT
            alike &= a != b
            a, b = a[alike], b[alike]
            kept.append(np.minimum(a, b) * n + np.maximum(a, b))
    return np.concatenate(kept) if kept else np.empty(0, dtype=np.int64)


def mix_bits(values: Any) -> Any:
    """Spread 64-bit values evenly over 64 bits (the finalizer of SplitMix64, Steele et al. 2014)."""
    values = (values + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    return values ^ (values >> np.uint64(31))

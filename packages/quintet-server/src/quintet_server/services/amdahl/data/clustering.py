"""What customers talk about: utterances grouped by meaning.

Spherical k-means (Dhillon and Modha, 2001) over the vectors of interactions, from chosen beginnings
(Arthur and Vassilvitskii, 2007) with a fixed seed: the same rows give the same clusters. Of very
many interactions a sample is grouped.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quintet_server.engines.vectors.model import VectorsUnavailable
from quintet_server.services.amdahl.data.embedding import COLLECTIONS
from quintet_server.services.amdahl.data.snippets import snippet_of, words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from quintet_server.services.amdahl.context import Amdahl

    Floats = NDArray[np.float32]

__all__ = ["Cluster", "ClustersUnavailable", "find_clusters"]

_SAMPLE_COUNT = 2_000
_LEAST_COUNT = 6
"""Of fewer utterances nobody needs groups."""
_CLUSTERS_MAX_COUNT = 12
_ROUNDS_MAX_COUNT = 30
_SEED = 20_260_414
_LABEL_WORDS = 3
_WORD_MIN_CHARS = 4

_ROWS = """
SELECT id, content, sentiment FROM amdahl_interactions
WHERE project_id = %s AND id = ANY (%s) AND content IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A group of interactions that mean something similar.

    Attributes:
        label: Words that are frequent in it and rare elsewhere.
        size: How many of the grouped interactions are in it; `share` as a part of them.
        sentiment: The mean, if any has one.
        ids: Of all of them, the most typical first.
        examples: What the most typical ones say.
    """

    label: str
    size: int
    share: float
    sentiment: float | None
    ids: tuple[str, ...]
    examples: tuple[str, ...]


class ClustersUnavailable(Exception):
    """There can be no clusters; the text says what to install."""


async def find_clusters(parts: Amdahl, project_id: str) -> list[Cluster]:
    """The groups, the largest first; none while too few interactions have a vector.

    Takes some tenths of a second for a full sample, most of it in a thread.

    Raises:
        ClustersUnavailable: no pgvector, or no numpy.
    """
    try:
        import numpy as np  # noqa: F401  (that it is there)
    except ModuleNotFoundError as error:
        raise ClustersUnavailable("pip install 'quintet-server[ai]' to group utterances") from error
    try:
        sample = await parts.vectors.sample(
            project_id, COLLECTIONS["interaction"], limit=_SAMPLE_COUNT
        )
    except VectorsUnavailable as error:
        raise ClustersUnavailable(str(error)) from error
    async with parts.db.connection() as conn:
        found = await conn.execute(_ROWS, (project_id, [id for id, _ in sample]))
        rows = {row[0]: row for row in await found.fetchall()}
    usable = [(id, vector) for id, vector in sample if id in rows and any(vector)]
    if len(usable) < _LEAST_COUNT:
        return []
    return await asyncio.to_thread(_clusters, usable, rows)


def _clusters(
    sample: Sequence[tuple[str, Sequence[float]]], rows: Mapping[str, tuple[Any, ...]]
) -> list[Cluster]:
    import numpy as np

    ids = [id for id, _ in sample]
    vectors = np.asarray([vector for _, vector in sample], dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    count = max(2, min(_CLUSTERS_MAX_COUNT, math.isqrt(len(ids) // 2)))
    members, nearness = _grouped(vectors, count)
    everywhere = Counter(word for id in ids for word in _telling(rows[id][1]))
    clusters = []
    for number in range(int(members.max()) + 1):
        places = np.flatnonzero(members == number)
        if len(places):
            typical = places[np.argsort(-nearness[places], kind="stable")]
            inside = [ids[place] for place in typical]
            clusters.append(_described(inside, rows, everywhere, len(ids)))
    return sorted(clusters, key=lambda cluster: (-cluster.size, cluster.label))


def _grouped(vectors: Floats, count: int) -> tuple[NDArray[np.intp], Floats]:
    """The group of each vector, and how near it is to the middle of that."""
    import numpy as np

    middles = _beginnings(vectors, count)
    members = np.full(len(vectors), -1, dtype=np.intp)
    for _ in range(_ROUNDS_MAX_COUNT):
        nearest = (vectors @ middles.T).argmax(axis=1)
        if (nearest == members).all():
            break
        members = nearest
        for number in range(len(middles)):
            total = vectors[members == number].sum(axis=0)
            length = float(np.linalg.norm(total))
            if length > 0:  # one that lost everybody stays where it was
                middles[number] = total / length
    return members, np.einsum("ij,ij->i", vectors, middles[members])


def _beginnings(vectors: Floats, count: int) -> Floats:
    """Vectors far from each other, by chance weighted with the distance."""
    import numpy as np

    chance = np.random.default_rng(_SEED)
    chosen = [int(chance.integers(len(vectors)))]
    distance = np.clip(1 - vectors @ vectors[chosen[0]], 0, None)
    while len(chosen) < count and distance.sum() > 1e-6:
        chosen.append(int(chance.choice(len(vectors), p=distance / distance.sum())))
        distance = np.minimum(distance, np.clip(1 - vectors @ vectors[chosen[-1]], 0, None))
    return vectors[chosen].copy()


def _described(
    ids: Sequence[str], rows: Mapping[str, tuple[Any, ...]], everywhere: Counter[str], total: int
) -> Cluster:
    inside = Counter(word for id in ids for word in _telling(rows[id][1]))
    ranked = sorted(
        inside, key=lambda word: (-inside[word] * math.log(1 + total / everywhere[word]), word)
    )
    moods = [rows[id][2] for id in ids if rows[id][2] is not None]
    return Cluster(
        label=", ".join(ranked[:_LABEL_WORDS]),
        size=len(ids),
        share=round(len(ids) / total, 4),
        sentiment=round(sum(moods) / len(moods), 4) if moods else None,
        ids=tuple(ids),
        examples=tuple(snippet_of(rows[id][1], "", max_chars=160) for id in ids[:3]),
    )


def _telling(content: str) -> set[str]:
    """The words of a text that can tell what it is about, each once."""
    return {word for word in words_of(content) if len(word) >= _WORD_MIN_CHARS} - _EMPTY_WORDS


_EMPTY_WORDS = frozenset(
    """
about after again also always another because been before being both could does doing done down
each even every from give goes going good have having here into just know like look made make
many maybe more most much need needs never next only other ours over please really right said
same says should since some something still such sure take than that their them then there these
they thing things think this those through today tomorrow very want wants week well were what
when where which while will with without would year years yeah your yours
""".split()  # noqa: SIM905 (as a list it would be longer than the rest of the module)
)

"""The live tests can tell a broken store from a whole one: queries with a mistake in them are seen by the oracle."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from graph_service.store import queries
from graph_service.store.read import diff
from tests.histories import history, late_history
from tests.live.comparing import difference
from tests.live.small_graph import SmallGraph
from tests.logs import delivery
from tests.oracle import Oracle

pytestmark = pytest.mark.asyncio(loop_scope="session")

HISTORIES_MAX = 100
FOLDER = Path(__file__).parents[2] / "queries"


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One mistake: in the query, `old` becomes `new`, wherever it stands."""

    name: str
    query: str
    old: str
    new: str = ""


MUTANTS = (
    Mutant(name="`known` ignored in nodes", query="read/entities_at", old=" AND e.known_from <= known"),
    Mutant(name="`known` ignored in edges", query="read/relationships_out", old="r.known_from <= known AND "),
    Mutant(name="a belief given up that is still told", query="read/relationships_in", old=" AND known < r.known_to"),
    Mutant(name="an end told before it was known", query="read/impact_step", old=" OR $known < r.end_known"),
    Mutant(name="an end told before it was known, without proofs", query="read/impact_reach", old=" OR $known < r.end_known"),
    Mutant(name="the present of impact read for its past", query="read/impact_reach", old="$known >= g.recorded_at AND $valid >= g.recorded_at", new="true"),
    Mutant(name="an end told before it was known, with proofs", query="read/impact_proved", old=" OR $known < r.end_known"),
    Mutant(name="the present of proofs read for their past", query="read/impact_proved", old="$known >= g.recorded_at AND $valid >= g.recorded_at", new="true"),
    Mutant(name="a proof by whoever is near, not nearer", query="read/impact_proved", old="ORDER BY d, key", new="ORDER BY key"),
    Mutant(name="an edge that still holds at its end", query="read/relationships_both", old="valid < r.valid_to", new="valid <= r.valid_to"),
    Mutant(name="the past read as the present", query="read/relationships_both", old="known >= g.recorded_at AND valid >= g.recorded_at", new="true"),
    Mutant(name="the discriminator forgotten", query="read/relationship_rows", old="coalesce(r.discriminator, '') = owner[2] AND "),
    Mutant(name="what ended left out of a difference", query="read/diff_entities_ended", old="$low < h.valid_to <= $high", new="false"),
    Mutant(name="an end that is not believed yet told in a difference", query="read/diff_relationships_ended", old="$high_known < r.end_known", new="false"),
    Mutant(name="what was learned left out of a difference", query="read/diff_relationships_known", old="$low < v.recorded_at <= $high", new="false"),
    Mutant(name="what was learned of entities left out of a difference", query="read/diff_entities_known", old="$low < v.recorded_at <= $high", new="false"),
    Mutant(name="what was taken back left out of a difference", query="read/retracted_within", old="$low < v.recorded_at <= $high", new="false"),
    Mutant(name="what was taken back no more left out of a difference", query="read/retracted_by", old="{uid: uid}", new="{uid: '-'}"),
    Mutant(name="a retraction skipped", query="write/events_believed", old="e.believed", new="e.mistake"),
    Mutant(name="an append that does not see what is open", query="write/tails", old="r.valid_to = ", new="r.valid_to = -"),
    Mutant(name="a late event that forgets what stands behind it", query="write/claims_since", old="coalesce(a.latest, a.valid_from) >= owner[1] OR ", new=""),
    Mutant(name="a late event that does not see what it reaches", query="write/rows_since", old="r.valid_to >= owner[1]", new="r.valid_to >= 0 AND false"),
    Mutant(name="doubles not seen", query="write/events_known", old="{uid: uid}", new="{uid: '-'}"),
)  # fmt: skip


@contextmanager
def broken(mutant: Mutant, folder: Path) -> Iterator[None]:
    """With the mistake in the queries."""
    shutil.copytree(FOLDER, folder)
    file = folder / f"{mutant.query}.cypher"
    text = file.read_text(encoding="utf-8")
    assert mutant.old in text, f"the query has changed; write the mutant anew: {mutant}"
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    real = queries._FOLDERS
    try:
        queries._FOLDERS = (folder, *real[1:])
        _forget()
        yield
    finally:
        queries._FOLDERS = real
        _forget()


def _forget() -> None:
    queries.query.cache_clear()
    queries.query_with.cache_clear()
    diff._of_valid.cache_clear()


async def seen(small_graph: SmallGraph, histories_max: int) -> str | None:
    """What the oracle has against the graph, within so many histories; a refusal or a crash is a difference too."""
    random = Random(4)
    for number in range(histories_max):
        records = (history, late_history)[number % 2](random.randrange)
        try:
            await small_graph.holding(delivery(random.randrange, records))
            wrong = await difference(small_graph.reader, Oracle(records))
        except Exception as error:  # a mutant may do anything
            wrong = repr(error)
        if wrong is not None:
            return f"history {number}: {wrong}"
    return None


async def test_the_real_queries_are_whole(small_graph: SmallGraph) -> None:
    """Nothing is seen in the queries as they are: what the mutants show comes from their mistakes."""
    assert await seen(small_graph, 10) is None


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
async def test_a_broken_query_is_seen(small_graph: SmallGraph, mutant: Mutant, tmp_path: Path) -> None:
    """Within a few histories."""
    with broken(mutant, tmp_path / "queries"):
        found = await seen(small_graph, HISTORIES_MAX)
    print(f"{mutant.name}: {found}")
    assert found is not None

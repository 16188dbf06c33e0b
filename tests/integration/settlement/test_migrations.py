"""Tables are made by files that run once each, in order, whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from services._base.database import MigrationError, Pool, migrate, open_pool, read_migrations
from settlement.store import MIGRATIONS, SCHEMA
from settlement.store.reconciliations import ReconciliationStore
from settlement.store.reports import ReportStore

pytestmark = pytest.mark.slow


@pytest.fixture
async def empty(database_url: str) -> AsyncIterator[Pool]:
    """A pool on an empty database."""
    pool = await open_pool(database_url, connections_max=4)
    yield pool
    await pool.close()


def write(folder: Path, *files: tuple[str, str]) -> Path:
    """Write migration files."""
    for name, text in files:
        (folder / name).write_text(text)
    return folder


ONE, TWO = ("0001_one.sql", "CREATE TABLE one (x int);"), ("0002_two.sql", "CREATE TABLE two ();")


async def tables(pool: Pool) -> list[str]:
    """Return the tables of the schema."""
    rows = await pool.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'part' ORDER BY tablename"
    )
    return [row["tablename"] for row in rows]


async def test_each_file_runs_once_also_when_several_processes_start(
    empty: Pool, tmp_path: Path
) -> None:
    """One works, the others find it done."""
    write(tmp_path, ONE, TWO)
    assert [2, 2, 2] == await asyncio.gather(*(migrate(empty, "part", tmp_path) for _ in range(3)))
    assert ["one", "schema_migrations", "two"] == await tables(empty)


async def test_a_new_file_runs_on_top_of_what_is_there(empty: Pool, tmp_path: Path) -> None:
    """The rows of the former tables stay."""
    await migrate(empty, "part", write(tmp_path, ONE))
    await empty.execute("INSERT INTO part.one VALUES (7)")
    assert 2 == await migrate(empty, "part", write(tmp_path, TWO))
    assert 7 == await empty.fetchval("SELECT x FROM part.one")


async def test_a_file_that_fails_changes_nothing(empty: Pool, tmp_path: Path) -> None:
    """The files before it stay done."""
    write(tmp_path, ONE, ("0002_two.sql", "CREATE TABLE two (); SELECT 1 / 0;"))
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty, "part", tmp_path)
    assert ["one", "schema_migrations"] == await tables(empty)


async def test_a_file_changed_after_it_ran_is_refused(empty: Pool, tmp_path: Path) -> None:
    """It would silently be ignored on this database and run on the next."""
    await migrate(empty, "part", write(tmp_path, ONE))
    with pytest.raises(MigrationError, match="changed after it ran"):
        await migrate(empty, "part", write(tmp_path, (ONE[0], "CREATE TABLE other ();")))


async def test_an_older_program_does_not_touch_a_newer_database(
    empty: Pool, tmp_path: Path
) -> None:
    """It does not know what is there."""
    await migrate(empty, "part", write(tmp_path, ONE, TWO))
    (tmp_path / TWO[0]).unlink()
    with pytest.raises(MigrationError, match="at least as new"):
        await migrate(empty, "part", tmp_path)


async def test_a_schema_that_is_no_name_is_refused(empty: Pool, tmp_path: Path) -> None:
    """An identifier cannot be a parameter, so it is checked."""
    with pytest.raises(MigrationError, match="a schema is named"):
        await migrate(empty, 'part"; DROP SCHEMA public; --', write(tmp_path, ONE))


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "without a gap"),
        (["0002_b.sql"], "without a gap"),
        (["0001_a.sql", "0003_c.sql"], "without a gap"),
        (["first.sql"], "is named NNNN_what_it_does.sql"),
    ],
)
def test_names_and_numbers_of_files_are_checked(
    tmp_path: Path, names: list[str], reason: str
) -> None:
    """Numbered from 1 without a gap, so that the order is beyond doubt."""
    write(tmp_path, *((name, "") for name in names))
    with pytest.raises(MigrationError, match=reason):
        read_migrations(tmp_path)


BEFORE_WINDOWS = """
INSERT INTO payments (kind, state, order_key, receipt_number, updated_time_ns, landed_slot)
    VALUES ('BATCH', 'FAILED', 1, 1, 1, NULL), ('BATCH', 'FINAL', 1, 2, 1, 9),
           ('BATCH', 'PARKED', 2, 3, 1, NULL);
INSERT INTO batches VALUES (1, 1, NULL), (2, 2, 1), (3, 3, 1);
INSERT INTO fills SELECT id, id, id, 1, 1, 9, 2, id + 4, 5, 50, 0, 0, 1, batch_id
    FROM (VALUES (1, 2), (2, 3), (3, NULL)) AS made (id, batch_id);
INSERT INTO batch_fills VALUES (1, 1), (1, 2), (2, 1), (3, 2);
"""


async def test_a_batch_of_the_time_before_windows_is_a_window_of_one_batch(
    empty: Pool, tmp_path: Path
) -> None:
    """Its fills, its accounts, its lineage and its state are as they were."""
    files = sorted(MIGRATIONS.glob("*.sql"))
    write(tmp_path, *((each.name, each.read_text()) for each in files[:3]))
    await migrate(empty, SCHEMA, tmp_path)
    await empty.execute(f"SET search_path TO {SCHEMA}; {BEFORE_WINDOWS} RESET search_path;")
    await migrate(empty, SCHEMA, MIGRATIONS)
    reports = ReportStore(empty)
    states = await reports.fill_states([1, 2, 3])
    assert {1: ("FINAL", 2), 2: ("PARKED", 3), 3: ("QUEUED", 0)} == {
        each.trade_id: (each.state.value, each.batch_id) for each in states.values()
    }
    batches = await reports.batches_before(10, 10)
    assert [(3, (2,)), (2, (1,)), (1, (1, 2))] == [
        (each.batch_id, each.trade_ids) for each in batches
    ]
    facts = await ReconciliationStore(empty).facts(slot=20, sequence=3, last_trade_id=3)
    assert {2: {0, 2, 6}, 3: set()} == {
        each.fill.trade_id: set(each.payments) for each in facts.fills
    }

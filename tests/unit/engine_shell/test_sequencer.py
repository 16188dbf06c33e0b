"""One order, one clock, and no news before it is durable."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from engine.core.commands import COMMAND, CommandKind
from engine.sequencer import Busy, Closed, CommandArray, Halted, SequencerLimits, State
from tests.support.echo_venue import EchoVenue
from tests.unit.engine_shell.hand import (
    SECOND,
    START_NS,
    Desk,
    HandClock,
    Listener,
    orders,
    quote,
)


async def turn() -> None:
    """Let the loop do what is ready, twice: a submission, and what it brings about."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


# --- order and release ---------------------------------------------------------------------------


async def test_nothing_is_told_before_the_batch_is_durable() -> None:
    """The core has applied it and the journal has it; nobody hears of it until the sync."""
    desk = Desk()
    listener = desk.submit(2, "a")
    await turn()
    assert ([2], 2, 0) == (
        desk.batch_lengths(),
        desk.sequencer.applied_sequence,
        desk.sequencer.durable_sequence,
    )
    assert [] == desk.heard
    desk.log.sync()
    await turn()
    assert [("batch", 1), "a"] == desk.heard
    assert 2 == desk.sequencer.durable_sequence
    assert (1, 2) == (listener.answers[0].first_sequence, listener.answers[0].count)


async def test_what_arrives_together_goes_together() -> None:
    """Submissions of one turn of the loop are one batch and one sync."""
    desk = Desk()
    for count in (1, 2, 3):
        desk.submit(count)
    await turn()
    assert [6] == desk.batch_lengths()


async def test_what_arrives_during_a_sync_gathers_for_the_next_one() -> None:
    """Natural batching: the next batch is what came while the disk was busy."""
    desk = Desk()
    desk.submit(1)
    await turn()
    for _ in range(5):
        desk.submit(1)
        await turn()
    assert [1] == desk.batch_lengths()
    desk.log.sync()
    await turn()
    assert [1, 5] == desk.batch_lengths()


async def test_a_long_batch_goes_ahead_while_another_one_is_synced() -> None:
    """Under load the core works while the disk does, one batch ahead and no more."""
    desk = Desk()
    desk.submit(1)
    await turn()
    for count in (200, 56, 300):
        desk.submit(count)
        await turn()
    assert [1, 256] == desk.batch_lengths()
    desk.log.sync()
    await turn()
    assert [1, 256, 300] == desk.batch_lengths()


async def test_a_batch_has_at_most_4096_commands_and_whole_submissions() -> None:
    """A submission is never split over two frames."""
    desk = Desk()
    for _ in range(3):
        desk.submit(2_000)
    await turn()
    assert [4_000, 2_000] == desk.batch_lengths()


async def test_a_batch_is_never_longer_than_a_frame_of_the_journal() -> None:
    """A journal of small segments has small batches."""
    desk = Desk(commands_per_frame_max=31)
    for _ in range(4):
        desk.submit(15)
    await turn()
    desk.log.sync()
    await turn()
    assert [30, 30] == desk.batch_lengths()


async def test_a_header_and_its_entries_are_never_in_two_batches() -> None:
    """What does not fit behind other commands waits whole for the next frame."""
    desk = Desk(commands_per_frame_max=31)
    desk.submit(20)
    desk.sequencer.submit(quote(15), Listener())
    await turn()
    desk.log.sync()
    await turn()
    kinds = [batch["kind"].tolist() for batch in desk.log.batches]
    assert [[CommandKind.PLACE] * 20, quote(15)["kind"].tolist()] == kinds


@pytest.mark.parametrize(
    "commands",
    [
        quote(3)[:3],
        quote(3)[1:],
        quote(3, said=2),
        quote(3, said=4),
        quote(3, said=(1 << 32) - 1),
        orders(1, kind=CommandKind.QUOTE_ENTRY),
    ],
    ids=["last entry", "header", "said fewer", "said more", "said most", "an entry alone"],
)
async def test_a_group_that_is_not_whole_is_not_taken(commands: CommandArray) -> None:
    """A part of a group would mean another thing on replay: nothing of it is sequenced."""
    desk = Desk()
    with pytest.raises(ValueError, match="a header and its entries are taken at once, or not"):
        desk.sequencer.submit(commands, Listener())
    await turn()
    assert ([], 0) == (desk.log.batches, desk.sequencer.statistics().queue_commands)


async def test_batches_and_answers_come_in_the_order_of_sequence() -> None:
    """Feeds hear a batch first, then its receivers in the order of submission."""
    desk = Desk()
    desk.submit(1, "a")
    desk.submit(2, "b")
    await turn()
    desk.submit(1, "c")
    desk.log.sync()
    await turn()
    desk.log.sync()
    await turn()
    assert [("batch", 1), "a", "b", ("batch", 4), "c"] == desk.heard


async def test_each_answer_has_exactly_the_events_of_its_commands() -> None:
    """Events of a batch are cut at the borders of submissions."""
    desk = Desk()
    listeners = [desk.submit(count) for count in (1, 3, 2)]
    await turn()
    desk.log.sync()
    await turn()
    answers = [listener.answers[0] for listener in listeners]
    assert [(1, 1), (2, 3), (5, 2)] == [(each.first_sequence, each.count) for each in answers]
    assert [[1], [2, 3, 4], [5, 6]] == [each.events["sequence"].tolist() for each in answers]


async def test_commands_are_stamped_in_the_journal_and_not_in_the_hands_of_the_caller() -> None:
    """Sequence and time are the sequencer's; the rest of a command is left as it came."""
    desk = Desk()
    commands = orders(2)
    commands["price_ticks"] = [7, 8]
    desk.sequencer.submit(commands, Listener())
    await turn()
    batch = desk.log.batches[0]
    assert [1, 2] == batch["sequence"].tolist()
    assert [START_NS, START_NS + 1] == batch["time_ns"].tolist()
    assert [7, 8] == batch["price_ticks"].tolist()
    assert [0, 0] == commands["sequence"].tolist()


async def test_a_receiver_may_submit_again_at_once() -> None:
    """A client that answers an answer is served by the next batch."""
    desk = Desk()

    class Again(Listener):
        def released(self, answer: object) -> None:
            desk.submit(1, "second")

    desk.sequencer.submit(orders(1), Again())
    await turn()
    desk.log.sync()
    await turn()
    desk.log.sync()
    await turn()
    assert [("batch", 1), ("batch", 2), "second"] == desk.heard


# --- what is not taken ---------------------------------------------------------------------------


async def test_too_many_waiting_commands_are_busy() -> None:
    """The queue is bounded; a refusal leaves what waits as it is."""
    desk = Desk(limits=SequencerLimits(queue_commands_max=10, ahead_commands_min=100))
    desk.submit(1)
    await turn()
    desk.submit(8)
    with pytest.raises(Busy, match="8 commands wait; 3 more are not taken now"):
        desk.submit(3)
    desk.submit(2)
    statistics = desk.sequencer.statistics()
    assert (10, 1) == (statistics.queue_commands, statistics.busy_refusals)
    desk.log.sync()
    await turn()
    desk.submit(3)


async def test_events_that_wait_for_the_disk_count_against_the_bytes() -> None:
    """A slow disk can not make the memory grow: what is held back is part of the bound."""
    desk = Desk(limits=SequencerLimits(queue_bytes_max=1_000))
    desk.submit(4)
    await turn()
    assert 4 * 160 == desk.sequencer.statistics().queue_bytes
    desk.submit(2)
    with pytest.raises(Busy):
        desk.submit(1)
    desk.log.sync()
    await turn()
    assert 2 * 160 == desk.sequencer.statistics().queue_bytes


@pytest.mark.parametrize("count", [0, 4_097])
async def test_a_submission_of_no_or_too_many_commands_is_refused(count: int) -> None:
    """One submission is one frame at most."""
    with pytest.raises(ValueError, match="1 to 4096 are taken at once"):
        Desk().submit(count)


async def test_an_array_of_another_kind_is_refused() -> None:
    """Only command records go in."""
    with pytest.raises(ValueError, match="a COMMAND array is needed"):
        Desk().sequencer.submit(np.zeros(1, "V128"), Listener())


async def test_only_cancels_are_taken_while_the_journal_is_short_of_room() -> None:
    """The reserve is for what lowers risk; with room again, all is taken."""
    desk = Desk()
    desk.log.is_short = True
    with pytest.raises(Halted, match="JOURNAL_SHORT"):
        desk.submit(1)
    mixed = orders(2, kind=CommandKind.CANCEL)
    mixed["kind"][1] = CommandKind.REPLACE
    with pytest.raises(Halted, match="JOURNAL_SHORT"):
        desk.sequencer.submit(mixed, Listener())
    desk.sequencer.submit(orders(1, kind=CommandKind.CANCEL), Listener())
    desk.sequencer.submit(orders(1, kind=CommandKind.CANCEL_ALL), Listener())
    desk.log.is_short = False
    desk.submit(1)
    await turn()
    assert [3] == desk.batch_lengths()


# --- time ----------------------------------------------------------------------------------------


async def times_after(clock: HandClock, *moves: int) -> list[int]:
    """Submit a command after each step of the wall clock; return the times that were given."""
    desk = Desk(clock=clock)
    for move in moves:
        clock.step_ns(move)
        desk.submit(1)
        await turn()
        desk.log.sync()
        await turn()
    return [int(batch["time_ns"][0]) - START_NS for batch in desk.log.batches]


async def test_time_rises_when_the_clock_stands_still() -> None:
    """No two commands have the same time."""
    assert [0, 1, 2] == await times_after(HandClock(), 0, 0, 0)


async def test_time_rises_when_the_clock_goes_back_a_little() -> None:
    """A leap second or a correction never turns the order around."""
    assert [0, 1, 2, 2 * SECOND] == await times_after(HandClock(), 0, -SECOND, -SECOND, 4 * SECOND)


@pytest.mark.parametrize(
    "jump_ns",
    [11 * SECOND, -11 * SECOND, 86_400 * SECOND, -START_NS, (1 << 63) - 1 - START_NS],
    ids=["forward", "back", "a day", "1970", "2262"],
)
async def test_a_jump_of_the_clock_halts_and_gives_no_time(jump_ns: int) -> None:
    """A jump must not expire orders: nothing is stamped with it, and the state says why."""
    desk = Desk()
    desk.submit(1)
    await turn()
    desk.clock.step_ns(jump_ns)
    before = desk.submit(2)
    desk.log.sync()
    await turn()
    assert State.CLOCK_JUMPED is desk.sequencer.state
    assert str(before.errors[0]).startswith("CLOCK_JUMPED: ")
    assert ([1], 1) == (desk.batch_lengths(), desk.venue.sequence_last)
    with pytest.raises(Halted, match="CLOCK_JUMPED"):
        desk.submit(1)
    assert 1 == desk.sequencer.durable_sequence


async def test_a_clock_at_the_end_of_time_halts() -> None:
    """Times fit in 63 bits; at the last one the venue stops instead of starting over."""
    desk = Desk(clock=HandClock((1 << 63) - 2))
    refused = desk.submit(2)
    await turn()
    assert "past the last time there is" in str(refused.errors[0])


async def test_a_long_quiet_time_is_no_jump() -> None:
    """An exchange that sleeps for a day wakes up, with a clock that was steered meanwhile."""
    desk = Desk()
    desk.clock.pass_ns(86_400 * SECOND)
    desk.clock.step_ns(43 * SECOND)
    desk.submit(1)
    await turn()
    assert [1] == desk.batch_lengths()


async def test_time_goes_on_after_the_journals_last_one() -> None:
    """A restart with a clock that is a little behind continues the venue's time."""
    venue = EchoVenue()
    venue.time_ns_last = START_NS + SECOND
    desk = Desk(venue=venue)
    desk.submit(1)
    await turn()
    assert START_NS + SECOND + 1 == int(desk.log.batches[0]["time_ns"][0])


async def test_a_clock_far_behind_the_journal_halts_from_the_start() -> None:
    """A machine whose clock was reset serves reads and takes no command."""
    venue = EchoVenue()
    venue.time_ns_last = START_NS + 3_600 * SECOND
    desk = Desk(venue=venue)
    assert State.CLOCK_BEHIND_JOURNAL is desk.sequencer.state
    with pytest.raises(Halted, match="CLOCK_BEHIND_JOURNAL"):
        desk.submit(1)


# --- bugs ----------------------------------------------------------------------------------------


async def test_a_broken_invariant_ends_the_process_with_its_sequence() -> None:
    """A bug in the core is never answered, journaled or survived."""
    desk = Desk(venue=EchoVenue(breaks_at=3))
    desk.submit(2)
    await turn()
    desk.log.sync()
    await turn()
    listener = desk.submit(2)
    await turn()
    assert "bug at or after sequence 3 (venue at 2)" in desk.endings.reasons[0]
    assert "this command breaks the venue" in desk.endings.reasons[0]
    assert ([2], [], []) == (desk.batch_lengths(), listener.answers, listener.errors)
    assert State.ENDED is desk.sequencer.state


@pytest.mark.parametrize(("lost", "ends"), [(3, False), (4, True)])
async def test_a_missing_answer_is_a_bug_also_beside_a_quote(
    lost: int, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A header answers for its three entries, and for nothing else of its batch."""
    desk = Desk()
    answered = desk.venue.apply
    monkeypatch.setattr(desk.venue, "apply", lambda commands: answered(commands)[lost:])
    desk.sequencer.submit(quote(3), Listener())
    desk.submit(2)
    await turn()
    told = [reason for reason in desk.endings.reasons if "every command has an answer" in reason]
    assert ends == bool(told)
    assert ends == (desk.sequencer.state is State.ENDED)


async def test_nothing_happens_after_the_end() -> None:
    """What was on its way when the process ended stays untold."""
    desk = Desk(venue=EchoVenue(breaks_at=300))
    desk.submit(1, "a")
    await turn()
    desk.submit(299, "b")
    await turn()
    desk.log.sync()
    await turn()
    assert [] == desk.heard
    with pytest.raises(Halted, match="ENDED"):
        desk.submit(1)


async def test_a_feed_that_raises_ends_the_process() -> None:
    """Whoever follows the events must not fall behind them in silence."""
    desk = Desk()

    def broken(batch: object) -> None:
        raise RuntimeError("a feed is broken")

    desk.sequencer._release = broken
    listener = desk.submit(1)
    await turn()
    desk.log.sync()
    await turn()
    assert "a feed is broken" in desk.endings.reasons[0]
    assert [] == listener.answers


async def test_a_venue_that_skips_a_command_ends_the_process() -> None:
    """The sequencer checks that the core did all of the batch."""

    class Lazy(EchoVenue):
        def apply(self, commands: np.ndarray) -> np.ndarray:
            return super().apply(commands[:1])

    desk = Desk(venue=Lazy())
    desk.submit(2)
    await turn()
    assert "the core applied the whole batch" in desk.endings.reasons[0]


# --- waiting and closing -------------------------------------------------------------------------


async def test_durable_waits_for_exactly_its_sequence() -> None:
    """A waiter is woken by the batch that holds its sequence."""
    desk = Desk()
    waits = [asyncio.ensure_future(desk.sequencer.durable(sequence)) for sequence in (3, 1, 2)]
    desk.submit(1)
    await turn()
    desk.submit(2)
    desk.log.sync()
    await turn()
    assert [False, True, False] == [wait.done() for wait in waits]
    desk.log.sync()
    await turn()
    await asyncio.gather(*waits)
    await desk.sequencer.durable(3)


async def test_a_cancelled_wait_is_forgotten() -> None:
    """A client that goes away while waiting harms nobody."""
    desk = Desk()
    wait = asyncio.ensure_future(desk.sequencer.durable(1))
    await turn()
    wait.cancel()
    desk.submit(1)
    await turn()
    desk.log.sync()
    await turn()
    assert wait.cancelled()
    assert [] == desk.endings.reasons


async def test_closing_finishes_what_was_taken_and_refuses_the_rest() -> None:
    """A clean stop answers everybody."""
    desk = Desk()
    desk.submit(1, "a")
    await turn()
    desk.submit(1, "b")
    future = asyncio.ensure_future(desk.sequencer.durable(9))
    closing = asyncio.ensure_future(desk.sequencer.close())
    await turn()
    with pytest.raises(Closed, match="CLOSING"):
        desk.submit(1)
    desk.log.sync()
    await turn()
    assert not closing.done()
    desk.log.sync()
    await closing
    assert [("batch", 1), "a", ("batch", 2), "b"] == desk.heard
    with pytest.raises(Closed):
        await future
    with pytest.raises(Closed, match="CLOSED"):
        await desk.sequencer.durable(9)


async def test_draining_an_idle_sequencer_returns_at_once() -> None:
    """There is nothing to wait for."""
    await Desk().sequencer.drain()


async def test_closing_after_a_halt_ends() -> None:
    """Refused commands are not waited for."""
    desk = Desk()
    desk.submit(1)
    desk.clock.step_ns(60 * SECOND)
    await turn()
    await desk.sequencer.close()
    assert State.CLOSED is desk.sequencer.state


async def test_statistics_say_where_the_sequencer_stands() -> None:
    """The numbers are those of the moment."""
    desk = Desk()
    desk.submit(3)
    await turn()
    desk.submit(2)
    statistics = desk.sequencer.statistics()
    assert (3, 0, 2, 1, 3) == (
        statistics.applied_sequence,
        statistics.durable_sequence,
        statistics.queue_commands,
        statistics.batches,
        statistics.batch_commands_max,
    )
    assert START_NS + 2 == statistics.time_ns_last
    assert COMMAND.itemsize * 2 + 3 * 160 == statistics.queue_bytes

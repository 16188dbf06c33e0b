"""The port to the venue: what each kind of refusal means."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from realstack.settlement.v1 import settlement_pb2 as wire
from realstack.settlement.v1 import settlement_pb2_grpc as stubs
from settlement.venue import NotAllowed, Venue, VenueRefused, VenueUnavailable, client_id_of

# SHA-256 of "signature|2", the first 16 bytes.
HASH_OF_SIGNATURE_2 = "8580d46afb246b1226581823f280b82e"

Context = grpc.aio.ServicerContext[Any, Any]


class Refusing(stubs.SettlementServiceServicer):
    """Refuses every command with one status and ends every stream at once."""

    code = grpc.StatusCode.OK

    async def CreditDeposit(
        self, request: wire.CreditDepositRequest, context: Context
    ) -> wire.CreditDepositResponse:
        """Refuse."""
        await context.abort(self.code, "no")

    async def FinalizeWithdrawal(
        self, request: wire.FinalizeWithdrawalRequest, context: Context
    ) -> wire.FinalizeWithdrawalResponse:
        """Refuse."""
        await context.abort(self.code, "no")

    async def ReleaseWithdrawal(
        self, request: wire.ReleaseWithdrawalRequest, context: Context
    ) -> wire.ReleaseWithdrawalResponse:
        """Refuse."""
        await context.abort(self.code, "no")

    async def HoldAll(self, request: wire.HoldAllRequest, context: Context) -> wire.HoldAllResponse:
        """Refuse."""
        await context.abort(self.code, "no")

    async def GetLedger(
        self, request: wire.GetLedgerRequest, context: Context
    ) -> wire.GetLedgerResponse:
        """Refuse."""
        await context.abort(self.code, "no")

    async def StreamFills(
        self, request: wire.StreamFillsRequest, context: Context
    ) -> AsyncIterator[wire.StreamFillsResponse]:
        """Tell nothing new and end."""
        yield wire.StreamFillsResponse(last_trade_id=3, as_of_sequence=9)

    async def StreamWithdrawals(
        self, request: wire.StreamWithdrawalsRequest, context: Context
    ) -> AsyncIterator[wire.StreamWithdrawalsResponse]:
        """Tell nothing new and end."""
        yield wire.StreamWithdrawalsResponse(as_of_sequence=9)


@pytest.fixture
async def refusing() -> AsyncIterator[tuple[Refusing, Venue]]:
    """Such a venue and the port to it."""
    servicer, server = Refusing(), grpc.aio.server()
    stubs.add_SettlementServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    venue = Venue(f"127.0.0.1:{port}", "key")
    yield servicer, venue
    await venue.close()
    await server.stop(None)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.UNAVAILABLE, VenueUnavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, VenueUnavailable),
        (grpc.StatusCode.CANCELLED, VenueUnavailable),
        (grpc.StatusCode.UNKNOWN, VenueUnavailable),
        (grpc.StatusCode.INTERNAL, VenueUnavailable),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, VenueUnavailable),
        (grpc.StatusCode.UNAUTHENTICATED, NotAllowed),
        (grpc.StatusCode.PERMISSION_DENIED, NotAllowed),
        (grpc.StatusCode.INVALID_ARGUMENT, VenueRefused),
        (grpc.StatusCode.NOT_FOUND, VenueRefused),
        (grpc.StatusCode.ALREADY_EXISTS, VenueRefused),
        (grpc.StatusCode.FAILED_PRECONDITION, VenueRefused),
    ],
)
async def test_only_a_status_that_says_so_is_a_refusal(
    refusing: tuple[Refusing, Venue], code: grpc.StatusCode, kind: type[Exception]
) -> None:
    """After every other one the outcome is unknown, and the same command is sent again."""
    servicer, venue = refusing
    servicer.code = code
    with pytest.raises(kind):
        await venue.credit_deposit(
            account_id=1,
            asset_id=1,
            amount_atoms=1,
            client_id=client_id_of("signature", "2"),
            sent_time_ns=1,
        )


async def test_a_refusal_without_details_is_known_by_its_status(
    refusing: tuple[Refusing, Venue],
) -> None:
    """It is not transient: nobody said that it is."""
    servicer, venue = refusing
    servicer.code = grpc.StatusCode.FAILED_PRECONDITION
    with pytest.raises(VenueRefused) as caught:
        await venue.credit_deposit(
            account_id=1,
            asset_id=1,
            amount_atoms=1,
            client_id=client_id_of("signature", "2"),
            sent_time_ns=1,
        )
    assert ("FAILED_PRECONDITION", False) == (caught.value.reason, caught.value.transient)


async def test_a_stream_that_ends_is_a_stream_that_broke(
    refusing: tuple[Refusing, Venue],
) -> None:
    """It is followed anew from where it was left."""
    _, venue = refusing
    with pytest.raises(VenueUnavailable):
        async for message in venue.follow_fills(1):
            assert ([], 3, 9) == (message.fills, message.last_trade_id, message.as_of_sequence)
    with pytest.raises(VenueUnavailable):
        async for steps, as_of_sequence in venue.follow_withdrawals(0):
            assert ([], 9) == (steps, as_of_sequence)


def test_a_client_id_is_the_first_half_of_a_hash() -> None:
    """The same parts give the same id, on any machine."""
    made = client_id_of("signature", "2")
    assert HASH_OF_SIGNATURE_2 == f"{made.high:016x}{made.low:016x}"
    assert made != client_id_of("signature", "2.0")

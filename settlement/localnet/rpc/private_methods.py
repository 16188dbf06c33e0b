"""Methods that no real node has: slots by hand and faults on request."""

from __future__ import annotations

from settlement.localnet.blocks import Commitment
from settlement.localnet.chain import Chain, RollbackRefused
from settlement.localnet.faults import Fault, FaultName
from settlement.localnet.rpc.errors import invalid_params
from settlement.localnet.rpc.params import Params, as_key

PREFIX = "localnet_"
SLOTS_PER_CALL_MAX = 100_000


def advance_slots(chain: Chain, params: Params) -> object:
    """End the open slot and as many as asked for; answer the slot that is open now."""
    slots = params.integer(0, "slots")
    if not 1 <= slots <= SLOTS_PER_CALL_MAX:
        raise invalid_params(f"slots: must be from 1 to {SLOTS_PER_CALL_MAX}")
    chain.advance_slots(slots)
    return chain.open_block.slot


def set_fault(chain: Chain, params: Params) -> object:
    """Switch a fault on: name, then options `slots`, `count`, `forSlots`, `address`."""
    name = _name(params)
    options = params.config(1)
    slots = options.integer("slots")
    for_slots = options.integer("forSlots")
    address = options.get("address")
    fault = Fault(
        name=name,
        slots=1 if slots is None else slots,
        count=options.integer("count"),
        set_slot=chain.open_block.slot,
        last_slot=None if for_slots is None else chain.open_block.slot + for_slots - 1,
        address=None if address is None else as_key(address, "address"),
    )
    if name is FaultName.ROLLED_BACK_SLOT:
        try:
            undone = chain.roll_back(fault.slots)
        except RollbackRefused as error:
            raise invalid_params(str(error)) from error
        return {"undone": [str(signature) for signature in undone]}
    if 0 in (fault.slots, fault.count, for_slots):
        raise invalid_params("slots, count, forSlots: must be at least 1")
    chain.faults.set(fault)
    return {"active": _active(chain)}


def clear_faults(chain: Chain, params: Params) -> object:
    """Switch one fault off, or all."""
    chain.faults.clear(_name(params) if params.optional(0) is not None else None)
    return {"active": _active(chain)}


def status(chain: Chain, params: Params) -> object:
    """Answer where the chain stands and which faults are on."""
    return {
        "openSlot": chain.open_block.slot,
        "openHeight": chain.open_block.height,
        "finalizedSlot": chain.bank(Commitment.FINALIZED).slot,
        "faucet": str(chain.faucet.pubkey()),
        "faults": _active(chain),
    }


def _name(params: Params) -> FaultName:
    text = params.text(0, "fault")
    try:
        return FaultName(text)
    except ValueError as error:
        raise invalid_params(f"fault: must be one of {', '.join(FaultName)}") from error


def _active(chain: Chain) -> list[object]:
    return [
        {
            "name": fault.name.value,
            "slots": fault.slots,
            "count": fault.count,
            "lastSlot": fault.last_slot,
            "address": None if fault.address is None else str(fault.address),
        }
        for fault in chain.faults.active
    ]

# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Cancels that overtake the order that they are for."""

import cython
from cython.cimports.engine.core.constants import (
    ANSWER,
    EVENT_DEFINED,
    EXISTED,
    REJECT_NONE,
    UNKNOWN_ORDER,
)
from cython.cimports.engine.core.hashing import client_id_hash
from cython.cimports.engine.core.ids import bury, find_entry, ids_have_room
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.pools import new_event
from cython.cimports.engine.core.state import Core, IdEntry, check
from cython.cimports.libc.stdint import uint32_t, uint64_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def cancel_before_arrival(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Remember an id that no command has had as cancelled: what comes with it is refused."""
    place: uint64_t = 0
    hash: uint32_t = client_id_hash(
        command.account_id, command.target_client_id_low, command.target_client_id_high
    )
    known: cython.pointer(IdEntry)
    event: cython.pointer(Event)
    if not check(core, ids_have_room(cython.address(core.ids)), b"there is memory for an id"):
        return REJECT_NONE
    known = find_entry(
        cython.address(core.ids),
        hash,
        command.account_id,
        command.target_client_id_low,
        command.target_client_id_high,
        cython.address(place),
    )
    existed: cython.bint = known != cython.NULL
    if existed and known.sequence != 0:
        return UNKNOWN_ORDER
    if not existed:
        bury(core, command, hash, place)
    event = new_event(core, command, EVENT_DEFINED)
    event.code = command.kind
    event.flags = ANSWER | (EXISTED if existed else 0)
    event.account_id = command.account_id
    event.client_id_low = command.client_id_low
    event.client_id_high = command.client_id_high
    return REJECT_NONE

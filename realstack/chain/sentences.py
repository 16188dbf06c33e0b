"""What each instruction of the programs does, in a sentence for the person who is to sign it.

In a sentence ``{name}`` is an account or an argument of the instruction under its IDL name.
``{amount}`` is the amount that the sentence is about, in units of its mint.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """How an instruction is told.

    Attributes:
        text: The sentence.
        amount: The argument that is an amount of tokens, if there is one.
        mint: The account that is the mint of it.
        source: The account that the amount leaves; empty when it is made.
        target: The account that it reaches; empty when it is destroyed.
    """

    text: str
    amount: str = ""
    mint: str = "mint"
    source: str = ""
    target: str = ""


MARKET = {
    "initialize": Sentence(
        "Set the market up: authority {authority}, settlement by "
        "{settlement_authority}, stopped by {pauser}, exits after {exit_delay_slots} slots."
    ),
    "set_roles": Sentence(
        "Change the market's roles: settlement by {settlement_authority}, "
        "stopped by {pauser}, exits after {exit_delay_slots} slots."
    ),
    "propose_authority": Sentence("Offer the authority over the market to {proposed_authority}."),
    "accept_authority": Sentence(
        "Take over the authority over the market as {proposed_authority}."
    ),
    "set_paused": Sentence(
        "Set the market's stop to {paused}: while it is yes, nobody deposits, "
        "settles or withdraws, but exits go on."
    ),
    "register_mint": Sentence("Accept the mint {mint} for trading; {payer} pays for two vaults."),
    "open_vault": Sentence("Make the vault {vault} of {owner} for {mint}; {payer} pays for it."),
    "deposit": Sentence(
        "Deposit {amount} of {owner} from {source} to the market's vault {vault}.",
        "amount_atoms",
        "mint",
        "source",
        "vault",
    ),
    "settle_set": Sentence(
        "Settle batch {batch_id} between vaults, signed by {settlement_authority}."
    ),
    "settle_clearing": Sentence(
        "Settle batch {batch_id} against the clearing vaults, signed by {settlement_authority}."
    ),
    "withdraw": Sentence(
        "Withdraw {amount} of {owner} from the vault {vault} to {destination}, "
        "until slot {deadline_slot}.",
        "amount_atoms",
        "mint",
        "vault",
        "destination",
    ),
    "request_exit": Sentence(
        "Ask to leave the market as {owner}: after the delay everything that "
        "is left in the vaults can be taken out without anyone's leave; trading ends."
    ),
    "exit": Sentence(
        "Take everything that {owner} has in the vault {vault} out to "
        "{destination}, in the mint {mint}.",
        "",
        "mint",
        "vault",
        "destination",
    ),
    "close_exit": Sentence("End the exit of {owner}, who gets its deposit of SOL back."),
    "withdraw_house": Sentence(
        "Pay {amount} out of the house's vault {vault} ({house}) to {destination}.",
        "amount_atoms",
        "mint",
        "vault",
        "destination",
    ),
    "advance_mark": Sentence("Allow receipts ({kind}) below number {mark} to be closed."),
    "close_receipt": Sentence("Close the receipt {receipt}; {payer} gets its deposit of SOL back."),
}

_SOURCE_TARGET = ("atoms", "mint", "source", "destination")
TOKEN = {
    "register_asset": Sentence(
        "Register the asset {name} ({symbol}) of {issuer}: compliance by "
        "{compliance}, recovery by {recovery}, issues approved by {threshold} of {approvers}."
    ),
    "add_document": Sentence(
        "Add a document to the asset {asset}: {uri}, kind {kind}, hash {hash}."
    ),
    "create_mint": Sentence(
        "Make the mint {mint} of the asset {asset} with {decimals} decimals, {mode}."
    ),
    "register_investor": Sentence(
        "Register the investor {identity} for the asset {asset}: country "
        "{country}, locked up until {lock_up_until_s}, at most {cap_atoms} atoms."
    ),
    "update_investor": Sentence(
        "Change an investor of the asset {asset}: country {country}, "
        "locked up until {lock_up_until_s}, at most {cap_atoms} atoms, active: {active}."
    ),
    "register_wallet": Sentence(
        "Allow the wallet {wallet} to hold the asset {asset} for the investor {investor}."
    ),
    "remove_wallet": Sentence(
        "Take the wallet entry {holder} off the list of those who may hold the asset {asset}."
    ),
    "propose_issuance": Sentence(
        "Propose to issue {total_atoms} atoms of the asset {asset} to "
        "{rows} holders; hash of the table {root}."
    ),
    "approve_issuance": Sentence(
        "Approve, as {approver}, the issuance {issuance} of the asset "
        "{asset}; hash of the table {root}."
    ),
    "cancel_issuance": Sentence("Give up the issuance {issuance} of the asset {asset}."),
    "issue": Sentence(
        "Issue {amount} to {token_account}, row {index} of the approved table.",
        "atoms",
        "mint",
        "",
        "token_account",
    ),
    "freeze": Sentence(
        "Freeze {token_account} of the mint {mint}; reason {reason}. Nothing can leave it."
    ),
    "thaw": Sentence("Free {token_account} of the mint {mint}; reason {reason}."),
    "transfer": Sentence(
        "Send {amount} of {owner} from {source} to {destination}.", *_SOURCE_TARGET
    ),
    "forced_transfer": Sentence(
        "Move {amount} from {source} to {destination} by order, without "
        "the holder; reason {reason}, hash of the order {document_hash}.",
        *_SOURCE_TARGET,
    ),
    "burn": Sentence(
        "Destroy {amount} of {owner} in {token_account}.", "atoms", "mint", "token_account", ""
    ),
    "forced_burn": Sentence(
        "Destroy {amount} in {token_account} by order, without the holder; "
        "reason {reason}, hash of the order {document_hash}.",
        "atoms",
        "mint",
        "token_account",
        "",
    ),
    "set_paused": Sentence(
        "Set the stop of the asset {asset} to {paused}: while it is yes, its tokens do not move."
    ),
    "set_blocked_countries": Sentence(
        "Let investors of these countries no longer take part in the asset {asset}: {countries}."
    ),
    "hand_over": Sentence("Hand the role {role} of the asset {asset} from {holder} to {next}."),
    "create_dividend": Sentence(
        "Pay {amount} in for a dividend of the asset {asset}, to {rows} "
        "holders as of slot {snapshot_slot}, until {expires_s}; hash of the table {root}.",
        "funded_atoms",
        "payment_mint",
        "source",
        "vault",
    ),
    "claim_dividend": Sentence(
        "Claim the dividend {amount} of {wallet} to {destination}.",
        "atoms",
        "payment_mint",
        "vault",
        "destination",
    ),
    "push_dividend": Sentence(
        "Pay the dividend {amount} of {wallet} to {destination}.",
        "atoms",
        "payment_mint",
        "vault",
        "destination",
    ),
    "close_dividend": Sentence(
        "Close the dividend {dividend}: what nobody claimed, in the mint "
        "{payment_mint}, goes back to {destination}.",
        "",
        "payment_mint",
        "vault",
        "destination",
    ),
}

_RULES = (
    "quorum {quorum_bps}, threshold {threshold_bps}, {proposal_atoms_min} atoms to propose, votes "
    "for {voting_s} s, cool-off {cool_off_s} s, hold-up {hold_up_s} s, to be run within "
    "{execution_s} s"
)
GOVERNANCE = {
    "create_realm": Sentence(
        "Make the realm {realm}, in which holders of {mint} decide; veto by "
        "{veto_authority}, " + _RULES + "."
    ),
    "set_realm": Sentence(
        "Change the realm {realm}: authority {authority_argument}, veto by "
        "{veto_authority}, " + _RULES + "."
    ),
    "open_voter": Sentence("Open an account for the votes of {wallet} in the realm {realm}."),
    "deposit": Sentence(
        "Lock {amount} of {wallet} from {source} in the realm's vault {vault}, to vote with.",
        "atoms",
        "mint",
        "source",
        "vault",
    ),
    "withdraw": Sentence(
        "Take {amount} of {wallet} back from the realm's vault {vault} to {destination}.",
        "atoms",
        "mint",
        "vault",
        "destination",
    ),
    "delegate": Sentence("Let the holder of {delegate_voter} vote with the deposit of {wallet}."),
    "undelegate": Sentence(
        "Let the holder of {delegate_voter} no longer vote with the deposit of {wallet}."
    ),
    "create_proposal": Sentence(
        "Make the proposal {proposal}: hash of the text "
        "{description_hash}, hashes of the instructions that it would run {instruction_hashes}."
    ),
    "open_proposal": Sentence("Open the proposal {proposal} to votes."),
    "cancel_proposal": Sentence("Give up the proposal {proposal}."),
    "cast_vote": Sentence(
        "Vote {choice} on the proposal {proposal} as {wallet}, with the deposit {voter}."
    ),
    "veto_proposal": Sentence(
        "Stop the proposal {proposal} by veto; hash of the reasons {reasons_hash}."
    ),
    "count_votes": Sentence("Count the votes of the proposal {proposal}."),
    "execute": Sentence("Run the next instruction of the proposal {proposal}."),
}

"""A Solana network in one process: LiteSVM behind the JSON-RPC of a real node.

Slots, blockhashes, commitments, duplicate checks, history and faults are made here; the virtual
machine only runs transactions. Start reading at `settlement.localnet.chain`.
"""

from settlement.localnet.server import LocalnetServer as LocalnetServer
from settlement.localnet.server import serve as serve
from settlement.localnet.settings import LocalnetSettings as LocalnetSettings

__all__ = ["LocalnetServer", "LocalnetSettings", "serve"]

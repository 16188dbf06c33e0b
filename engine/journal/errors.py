"""Why a journal does not open. Both stop the node; nothing is skipped and nothing is deleted."""

from __future__ import annotations


class JournalDamaged(Exception):
    """Bytes that were acknowledged, or may have been, are not what was written.

    Attributes:
        case: The label of the recovery rule, see `verdict.py` and `survey.py`.
        sequence: The first sequence that cannot be read.
        segment_number: Where.
        offset: Where in the segment, in bytes.
    """

    def __init__(
        self, *, case: str, sequence: int, segment_number: int, offset: int, detail: str
    ) -> None:
        self.case = case
        self.sequence = sequence
        self.segment_number = segment_number
        self.offset = offset
        super().__init__(
            f"JOURNAL_DAMAGED sequence={sequence} segment={segment_number} offset={offset} "
            f"case={case}: {detail}"
        )


class JournalFilesWrong(Exception):
    """The folder does not hold exactly the segments of one journal.

    Attributes:
        case: The label of the rule, see `survey.py`.
    """

    def __init__(self, *, case: str, detail: str) -> None:
        self.case = case
        super().__init__(f"JOURNAL_FILES_WRONG case={case}: {detail}")

"""The place where the policy's sign-offs are checked before a candidate is published.

There are no signatures yet: the policy in force is "none required", so no candidate is held back here. The check is
called all the same, so that publishing needs no change when signatures come; what will be signed is the candidate's
statement (candidate/statement.py).
"""

REQUIRED_ROLES: tuple[str, ...] = ()
"""Roles that must sign a statement before it is published: none."""


def missing_signoffs(statement_sha256: str) -> list[str]:
    """What the policy misses for this statement, a sentence per role; empty under the policy "none required".

    Signatures cannot be read yet, so any role required above counts as missing: a stricter policy blocks, never passes.
    """
    return [f"role {role} has not signed statement {statement_sha256}" for role in REQUIRED_ROLES]

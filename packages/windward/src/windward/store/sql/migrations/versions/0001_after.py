"""Nothing to take away: the first schema has no past."""

revision = "0001_after"
down_revision = "0001_before"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

"""Nothing to take away."""

revision = "0004_after"
down_revision = "0004_before"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

"""Nothing to take away."""

revision = "0009_after"
down_revision = "0009_before"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

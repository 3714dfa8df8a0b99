"""Nothing to take away."""

revision = "0008_after"
down_revision = "0008_before"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

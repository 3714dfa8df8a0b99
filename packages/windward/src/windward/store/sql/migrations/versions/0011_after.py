"""Nothing to take away."""

revision = "0011_after"
down_revision = "0011_before"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

"""Nothing to take away."""

revision = "0007_after"
down_revision = "0007_before"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

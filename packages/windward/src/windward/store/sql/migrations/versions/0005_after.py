"""Nothing to take away."""

revision = "0005_after"
down_revision = "0005_before"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

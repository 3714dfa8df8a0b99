"""Nothing to take away."""

revision = "0002_after"
down_revision = "0002_before"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

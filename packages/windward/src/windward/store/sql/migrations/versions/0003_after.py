"""Nothing to take away."""

revision = "0003_after"
down_revision = "0003_before"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

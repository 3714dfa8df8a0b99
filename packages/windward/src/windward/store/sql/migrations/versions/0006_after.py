"""Nothing to take away."""

revision = "0006_after"
down_revision = "0006_before"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

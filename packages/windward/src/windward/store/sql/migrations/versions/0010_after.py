"""Nothing to take away."""

revision = "0010_after"
down_revision = "0010_before"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

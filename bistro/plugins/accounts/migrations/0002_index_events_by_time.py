"""Add ix_bistro_account_event_at to bistro_account_event."""

from bistro.migrations import AddRule, Index, Migration

migration = Migration(
    operations=[
        AddRule("bistro_account_event", Index("ix_bistro_account_event_at", ("at",))),
    ],
    after=("0001_first",),
)

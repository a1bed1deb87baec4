"""Create the table bistro_identity."""

from bistro.migrations import Column, CreateTable, Index, Migration, PrimaryKey, Table, Unique

migration = Migration(
    operations=[
        CreateTable(
            Table(
                "bistro_identity",
                columns=(
                    Column("id", "integer", default="auto"),
                    Column("user_key", "text", max_length=32),
                    Column("provider", "text", max_length=40),
                    Column("subject", "text", max_length=255),
                    Column("email", "text", max_length=254),
                    Column("created_at", "datetime", default="auto"),
                    Column("used_at", "datetime", nullable=True),
                ),
                constraints=(
                    PrimaryKey("pk_bistro_identity", ("id",)),
                    Unique("uq_bistro_identity_provider_subject", ("provider", "subject")),
                ),
                indexes=(Index("ix_bistro_identity_user_key", ("user_key",)),),
            ),
        ),
    ],
)

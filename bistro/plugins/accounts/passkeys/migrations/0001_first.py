"""Create the table bistro_passkey."""

from bistro.migrations import Column, CreateTable, Index, Migration, PrimaryKey, Table, Unique

migration = Migration(
    operations=[
        CreateTable(
            Table(
                "bistro_passkey",
                columns=(
                    Column("id", "integer", default="auto"),
                    Column("user_key", "text", max_length=32),
                    Column("name", "text", max_length=60),
                    Column("credential_id", "text", max_length=1400),
                    Column("public_key", "text", max_length=4000),
                    Column("sign_count", "integer"),
                    Column("created_at", "datetime", default="auto"),
                    Column("used_at", "datetime", nullable=True),
                ),
                constraints=(
                    PrimaryKey("pk_bistro_passkey", ("id",)),
                    Unique("uq_bistro_passkey_credential_id", ("credential_id",)),
                ),
                indexes=(Index("ix_bistro_passkey_user_key", ("user_key",)),),
            ),
        ),
    ],
)

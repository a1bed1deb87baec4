"""Create the tables bistro_totp_device and bistro_recovery_code."""

from bistro.migrations import Column, CreateTable, Index, Migration, PrimaryKey, Table

migration = Migration(
    operations=[
        CreateTable(
            Table(
                "bistro_recovery_code",
                columns=(
                    Column("key", "text", max_length=64),
                    Column("user_key", "text", max_length=32),
                ),
                constraints=(PrimaryKey("pk_bistro_recovery_code", ("key",)),),
                indexes=(Index("ix_bistro_recovery_code_user_key", ("user_key",)),),
            ),
        ),
        CreateTable(
            Table(
                "bistro_totp_device",
                columns=(
                    Column("user_key", "text", max_length=32),
                    Column("secret", "text", max_length=500),
                    Column("last_step", "integer"),
                    Column("created_at", "datetime", default="auto"),
                ),
                constraints=(PrimaryKey("pk_bistro_totp_device", ("user_key",)),),
            ),
        ),
    ],
)

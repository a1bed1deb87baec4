"""Hashes as Django itself makes them, as dear as it does or cheap enough for a test."""

from __future__ import annotations

from typing import Any

KINDS_OF_DJANGO = ["pbkdf2_sha256", "pbkdf2_sha1", "scrypt", "argon2", "bcrypt", "bcrypt_sha256"]


def made_by_django(hasher: str, password: str, *, work: int = 1) -> str:
    """`work` times the least; what Django takes by itself is a thousand times as much, or more."""
    from django.contrib.auth import hashers

    import tests.features.django_site  # noqa: F401 - sets Django up, once a process

    salt = "saltsaltsaltsalt"
    made: Any
    match hasher:
        case "pbkdf2_sha256":
            made = hashers.PBKDF2PasswordHasher().encode(password, salt, iterations=500 * work)
        case "pbkdf2_sha1":
            made = hashers.PBKDF2SHA1PasswordHasher().encode(password, salt, iterations=500 * work)
        case "scrypt":
            made = hashers.ScryptPasswordHasher().encode(password, salt, n=256 * work, r=8, p=1)
        case "argon2":
            argon2 = hashers.Argon2PasswordHasher()
            argon2.memory_cost, argon2.time_cost, argon2.parallelism = 64 * work, 1, 8
            made = argon2.encode(password, salt)
        case _:
            kinds = {
                "bcrypt": hashers.BCryptPasswordHasher,
                "bcrypt_sha256": hashers.BCryptSHA256PasswordHasher,
            }
            bcrypt = kinds[hasher]()
            bcrypt.rounds = 3 + work.bit_length()
            made = bcrypt.encode(password, bcrypt.salt())
    return str(made)

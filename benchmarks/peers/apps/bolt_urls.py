"""Django's own URLs beside the API: none."""

from __future__ import annotations

urlpatterns: list[object] = []

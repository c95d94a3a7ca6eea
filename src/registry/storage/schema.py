"""The whole schema: every table of every area in one MetaData, and what the service's role may change of it."""

from __future__ import annotations

from registry.storage import (
    tables,
    tables_answers,
    tables_batches,
    tables_campaigns,
    tables_declarations,
    tables_public_codes,
    tables_reminders,
    tables_sessions,
    tables_standing,
    tables_units,
    tables_workbench,
)

_AREAS = (
    tables,
    tables_answers,
    tables_batches,
    tables_campaigns,
    tables_declarations,
    tables_public_codes,
    tables_reminders,
    tables_sessions,
    tables_standing,
    tables_units,
    tables_workbench,
)

metadata = tables.metadata

#: The only columns the service's role may UPDATE, by table, and the only tables it may DELETE from.
UPDATABLE: dict[str, tuple[str, ...]] = {}
for _area in _AREAS:
    for _table, _columns in _area.UPDATABLE.items():
        UPDATABLE[_table] = (*UPDATABLE.get(_table, ()), *_columns)
DELETABLE: tuple[str, ...] = tuple(table for area in _AREAS for table in area.DELETABLE)

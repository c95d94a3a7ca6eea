"""Rows to values and back. The only folder that knows SQLAlchemy and asyncpg; store functions never commit."""

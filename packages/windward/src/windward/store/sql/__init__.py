"""The SQL store: SQLite, PostgreSQL, MySQL and MariaDB through SQLAlchemy Core. Importing this imports nothing."""

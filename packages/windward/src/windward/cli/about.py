"""`windward version`, `info` and `providers`: what is installed, and where things are."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from windward import __version__
from windward.cli.arguments import Commands, Parser, add_output, finish

if TYPE_CHECKING:
    from windward.app.session import Session


def add_commands(name: str, parser: Parser) -> None:
    """Declare one of the three."""
    match name:
        case "version":
            finish(parser, _version)
        case "info":
            finish(parser, _info)
            add_output(parser)
        case _:
            Commands(parser).add("list", _providers, "list installed provider packages", output=True)


def _version(args: Namespace, session: Session) -> int:
    del args, session
    print(__version__)
    return 0


def _info(args: Namespace, session: Session) -> int:
    import platform
    import sys

    from windward.cli.output import show_one

    settings = session.settings
    show_one(
        {
            "windward": __version__,
            "python": platform.python_version(),
            "python_location": sys.executable,
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "home": str(settings.home),
            "dags_folder": str(settings.core.dags_folder),
            "base_log_folder": str(settings.logging.base_log_folder),
            "executor": settings.core.executor,
            "database": without_password(settings.database.sql_alchemy_conn),
            "api": settings.api.base_url or f"http://{settings.api.host}:{settings.api.port}",
            "settings_file": str(settings.home / "windward.toml"),
            "default_timezone": settings.core.default_timezone,
        },
        output=args.output,
    )
    return 0


def without_password(url: str) -> str:
    """Return a URL with its password, and what its query may hide, masked."""
    head, sign, rest = url.partition("://")
    address, at, place = rest.rpartition("@")
    if at:
        login, colon, _ = address.partition(":")
        address = f"{login}:***" if colon else login
    place, question, _ = place.partition("?")
    return f"{head}{sign}{address}{at}{place}{question and '?***'}"


def _providers(args: Namespace, session: Session) -> int:
    import msgspec

    from windward.app.installed import installed_providers
    from windward.cli.output import show_rows

    del session
    show_rows(
        [msgspec.structs.asdict(one) for one in installed_providers()],
        output=args.output,
        columns=("package_name", "description", "version"),
    )
    return 0

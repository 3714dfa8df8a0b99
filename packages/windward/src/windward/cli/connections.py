"""`windward connections`: how its commands are declared. What they do is in `connections_kept`."""

from __future__ import annotations

from windward.cli.arguments import Commands, Parser, at_least, late


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    listing = commands.add("list", late("connections_kept", "list_all"), "list all connections", output=True)
    listing.add_argument("--conn-id", metavar="ID", help="only this one")
    listing.add_argument("--show-values", action="store_true", help="with passwords and extras")
    get = commands.add(
        "get", late("connections_kept", "get"), "show one connection, without its secrets", output=True
    )
    get.add_argument("conn_id", metavar="ID")
    get.add_argument("--show-values", action="store_true", help="with password, extra and URI")
    add = commands.add(
        "add",
        late("connections_kept", "add"),
        "add a connection",
        about="Give a URI, or JSON, or the single fields; a URI or JSON of `-` is read from standard input.",
    )
    add.add_argument("conn_id", metavar="ID")
    add.add_argument("--conn-uri", metavar="URI", help="`type://login:password@host:port/schema?key=value`")
    add.add_argument("--conn-json", metavar="JSON", help="an object of the fields")
    add.add_argument("--conn-type", metavar="TYPE", help="such as `postgres` or `http`")
    add.add_argument("--conn-description", metavar="TEXT", help="what it is for")
    add.add_argument("--conn-host", metavar="HOST", help="name or address")
    add.add_argument("--conn-login", metavar="LOGIN", help="user")
    add.add_argument("--conn-password", metavar="PASSWORD", help="password")
    add.add_argument("--conn-schema", metavar="SCHEMA", help="database, or path")
    add.add_argument("--conn-port", metavar="PORT", type=at_least(0), help="port")
    add.add_argument("--conn-extra", metavar="JSON", help="an object of further settings")
    _add_tries(commands)
    delete = commands.add("delete", late("connections_kept", "delete"), "delete a connection")
    delete.add_argument("conn_id", metavar="ID")
    importing = commands.add(
        "import",
        late("connections_kept", "import_file"),
        "import connections from a file",
        about="JSON or YAML objects of fields, or URIs; `.env` files of `ID=URI`.",
    )
    importing.add_argument("file", metavar="FILE", help="`-` is standard input")
    importing.add_argument("--overwrite", action="store_true", help="replace connections that exist")
    export = commands.add(
        "export",
        late("connections_kept", "export_file"),
        "write all connections, with their secrets, to a file",
    )
    export.add_argument("file", metavar="FILE", help="`-` is standard output")
    export.add_argument(
        "--file-format",
        "--format",
        choices=("json", "yaml", "env"),
        metavar="FORMAT",
        help="json, yaml or env",
    )
    export.add_argument(
        "--serialization-format",
        choices=("uri", "json"),
        metavar="FORMAT",
        help="values of env files: uri or json",
    )


def _add_tries(commands: Commands) -> None:
    test = commands.add(
        "test",
        late("connections_kept", "test"),
        "ask the service of a connection whether it answers",
        about="By the `test_connection` of its hook, here. The exit code is 0 when it does and 1 when it does not.",
    )
    test.add_argument("conn_id", metavar="ID")
    commands.add(
        "create-default-connections",
        late("connections_kept", "create_default"),
        "add the connections that hooks take when none is named",
    )

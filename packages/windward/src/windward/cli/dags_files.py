"""`windward dags`, with DAG files: test and reserialize."""

from __future__ import annotations

from argparse import Namespace

from windward.app.session import Session
from windward.cli.components import component


def test(args: Namespace, session: Session) -> int:
    """Run a DAG once in this process."""
    target = args.dagfile_path or args.target
    dag_id = args.target if args.dagfile_path else None
    code: int = component("windward.app.dag_test", "main", what="dags test")(
        target,
        session.aware(args.logical_date) if args.logical_date else None,
        args.conf or {},
        dag_id=dag_id,
        mark_success_pattern=args.mark_success_pattern,
        settings=session.settings,
        environ=session.environ,
    )
    return code


def reserialize(args: Namespace, session: Session) -> int:
    """Read all DAG files again."""
    del args
    code: int = component("windward.app.reserialize", "main", what="dags reserialize")(session)
    return code

"""`windward dags explain` and `windward tasks explain` against a server."""

from __future__ import annotations

from argparse import Namespace

from windward.cli.reasons import show_reason
from windward.cli.remote.asking import OWN, dag_of, instance_of, run_of
from windward.client.http import in_path
from windward.client.server import Server


def explain_dags(args: Namespace, server: Server) -> int:
    """Say when a DAG runs next and why; with a run, why that exists and what it waits for."""
    dag_of(server, args.dag_id)
    place = f"{OWN}/dags/{in_path(args.dag_id)}"
    if args.run is not None:
        if args.task_id is not None:
            return explain_tasks(args, server)
        place += f"/dagRuns/{in_path(run_of(server, args.dag_id, args.run)['dag_run_id'])}"
    show_reason(server.get(f"{place}/explain"), output=args.output)
    return 0


def explain_tasks(args: Namespace, server: Server) -> int:
    """Say why a task instance is in its state, and what it waits for."""
    run = run_of(server, args.dag_id, args.run)
    instance_of(server, run, args)
    place = f"{OWN}/dags/{in_path(args.dag_id)}/dagRuns/{in_path(run['dag_run_id'])}"
    place += f"/taskInstances/{in_path(args.task_id)}/{args.map_index}"
    show_reason(server.get(f"{place}/explain"), output=args.output)
    return 0

"""Quoted by client.md: Airflow's official client, which finds Windward what it expects."""

import json
import os
import urllib.request

import airflow_client.client
from airflow_client.client.api.dag_api import DAGApi
from airflow_client.client.api.dag_run_api import DagRunApi
from airflow_client.client.models import TriggerDAGRunPostBody

address = os.environ["WINDWARD"]
who = json.dumps({"username": "admin", "password": os.environ["PASSWORD"]}).encode()
request = urllib.request.Request(f"{address}/auth/token", who, {"Content-Type": "application/json"})
with urllib.request.urlopen(request, timeout=10) as answer:
    token = json.load(answer)["access_token"]

configuration = airflow_client.client.Configuration(host=address, access_token=token)
with airflow_client.client.ApiClient(configuration) as client:
    for dag in DAGApi(client).get_dags(order_by=["dag_id"], limit=5).dags:
        print(dag.dag_id, "is paused" if dag.is_paused else "goes on")
    if DAGApi(client).get_dags(dag_id_pattern="hello").dags:
        run = DagRunApi(client).trigger_dag_run("hello", TriggerDAGRunPostBody(conf={"name": "Ada"}))
        print(run.dag_run_id, "is", run.state.value)

"""The operators behind `@task.virtualenv`, `@task.external_python` and their branching kin."""

from __future__ import annotations

from windward.sdk.decorators.standard import PythonDecoratedOperator
from windward.sdk.operators.virtualenv import (
    BranchExternalPythonOperator,
    BranchPythonVirtualenvOperator,
    ExternalPythonOperator,
    PythonVirtualenvOperator,
)


class VirtualenvDecoratedOperator(PythonDecoratedOperator, PythonVirtualenvOperator):
    """A task whose function runs in a virtual environment that is made for it."""

    template_fields = PythonVirtualenvOperator.template_fields
    custom_operator_name = "@task.virtualenv"


class ExternalPythonDecoratedOperator(PythonDecoratedOperator, ExternalPythonOperator):
    """A task whose function runs by the interpreter of an environment that exists."""

    template_fields = ExternalPythonOperator.template_fields
    custom_operator_name = "@task.external_python"


class BranchVirtualenvDecoratedOperator(PythonDecoratedOperator, BranchPythonVirtualenvOperator):
    """A task whose function, in a virtual environment, returns the ids of the tasks or groups to go on with."""

    template_fields = BranchPythonVirtualenvOperator.template_fields
    custom_operator_name = "@task.branch_virtualenv"


class BranchExternalPythonDecoratedOperator(PythonDecoratedOperator, BranchExternalPythonOperator):
    """A task whose function, by another interpreter, returns the ids of the tasks or groups to go on with."""

    template_fields = BranchExternalPythonOperator.template_fields
    custom_operator_name = "@task.branch_external_python"

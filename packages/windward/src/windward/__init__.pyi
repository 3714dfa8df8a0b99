# The names that `windward.sdk.names` gives at run time, for editors and type checkers.

from windward.model.states import RunState as RunState
from windward.model.states import TaskState as TaskState
from windward.model.states import TriggerRule as TriggerRule
from windward.model.states import WeightRule as WeightRule
from windward.sdk.asset_decorator import asset as asset
from windward.sdk.asset_events import Metadata as Metadata
from windward.sdk.asset_timetables import AssetOrTimeSchedule as AssetOrTimeSchedule
from windward.sdk.asset_timetables import AssetTriggeredTimetable as AssetTriggeredTimetable
from windward.sdk.asset_timetables import DatasetOrTimeSchedule as DatasetOrTimeSchedule
from windward.sdk.assets import Asset as Asset
from windward.sdk.assets import AssetAlias as AssetAlias
from windward.sdk.assets import AssetAll as AssetAll
from windward.sdk.assets import AssetAny as AssetAny
from windward.sdk.assets import AssetRef as AssetRef
from windward.sdk.assets import AssetWatcher as AssetWatcher
from windward.sdk.assets import BaseAsset as BaseAsset
from windward.sdk.assets import Dataset as Dataset
from windward.sdk.connection import Connection as Connection
from windward.sdk.context import Context as Context
from windward.sdk.context import get_current_context as get_current_context
from windward.sdk.custom_timetables import DagRunInfo as DagRunInfo
from windward.sdk.custom_timetables import DataInterval as DataInterval
from windward.sdk.custom_timetables import TimeRestriction as TimeRestriction
from windward.sdk.custom_timetables import Timetable as Timetable
from windward.sdk.dag import DAG as DAG
from windward.sdk.dag_decorator import dag as dag
from windward.sdk.decorators import DecoratedOperator as DecoratedOperator
from windward.sdk.decorators import result as result
from windward.sdk.decorators import setup as setup
from windward.sdk.decorators import task as task
from windward.sdk.decorators import task_decorator_factory as task_decorator_factory
from windward.sdk.decorators import teardown as teardown
from windward.sdk.edges import EdgeModifier as EdgeModifier
from windward.sdk.edges import Label as Label
from windward.sdk.group_decorator import task_group as task_group
from windward.sdk.groups import TaskGroup as TaskGroup
from windward.sdk.hook import BaseHook as BaseHook
from windward.sdk.mapping import MappedOperator as MappedOperator
from windward.sdk.operator import BaseOperator as BaseOperator
from windward.sdk.operators.bash import BashOperator as BashOperator
from windward.sdk.operators.branch import BaseBranchOperator as BaseBranchOperator
from windward.sdk.operators.branch_dates import BranchDateTimeOperator as BranchDateTimeOperator
from windward.sdk.operators.branch_dates import BranchDayOfWeekOperator as BranchDayOfWeekOperator
from windward.sdk.operators.empty import EmptyOperator as EmptyOperator
from windward.sdk.operators.latest_only import LatestOnlyOperator as LatestOnlyOperator
from windward.sdk.operators.python import BranchPythonOperator as BranchPythonOperator
from windward.sdk.operators.python import PythonOperator as PythonOperator
from windward.sdk.operators.python import ShortCircuitOperator as ShortCircuitOperator
from windward.sdk.operators.sql import SQLExecuteQueryOperator as SQLExecuteQueryOperator
from windward.sdk.params import DagParam as DagParam
from windward.sdk.params import Param as Param
from windward.sdk.params import ParamsDict as ParamsDict
from windward.sdk.parsing_context import get_parsing_context as get_parsing_context
from windward.sdk.plugins import AirflowPlugin as AirflowPlugin
from windward.sdk.relations import chain as chain
from windward.sdk.relations import chain_linear as chain_linear
from windward.sdk.relations import cross_downstream as cross_downstream
from windward.sdk.sensor import BaseSensorOperator as BaseSensorOperator
from windward.sdk.sensor import PokeReturnValue as PokeReturnValue
from windward.sdk.sensor import poke_mode_only as poke_mode_only
from windward.sdk.sensors.bash import BashSensor as BashSensor
from windward.sdk.sensors.filesystem import FileSensor as FileSensor
from windward.sdk.sensors.http import HttpSensor as HttpSensor
from windward.sdk.sensors.moments import DateTimeSensor as DateTimeSensor
from windward.sdk.sensors.moments import DayOfWeekSensor as DayOfWeekSensor
from windward.sdk.sensors.moments import TimeDeltaSensor as TimeDeltaSensor
from windward.sdk.sensors.moments import TimeSensor as TimeSensor
from windward.sdk.sensors.moments import WaitSensor as WaitSensor
from windward.sdk.sensors.python import PythonSensor as PythonSensor
from windward.sdk.sensors.sql import SqlSensor as SqlSensor
from windward.sdk.skip import BranchMixIn as BranchMixIn
from windward.sdk.skip import SkipMixin as SkipMixin
from windward.sdk.templating import literal as literal
from windward.sdk.timetables import ContinuousTimetable as ContinuousTimetable
from windward.sdk.timetables import CronDataIntervalTimetable as CronDataIntervalTimetable
from windward.sdk.timetables import CronTriggerTimetable as CronTriggerTimetable
from windward.sdk.timetables import DeltaDataIntervalTimetable as DeltaDataIntervalTimetable
from windward.sdk.timetables import DeltaTriggerTimetable as DeltaTriggerTimetable
from windward.sdk.timetables import EventsTimetable as EventsTimetable
from windward.sdk.timetables import MultipleCronTriggerTimetable as MultipleCronTriggerTimetable
from windward.sdk.timetables import NullTimetable as NullTimetable
from windward.sdk.timetables import OnceTimetable as OnceTimetable
from windward.sdk.variable import Variable as Variable
from windward.sdk.xcom import BaseXCom as BaseXCom
from windward.sdk.xcom import XCom as XCom
from windward.sdk.xcom_arg import XComArg as XComArg

DagRunState = RunState
TaskInstanceState = TaskState
__version__: str

DatasetAlias = AssetAlias
DatasetAll = AssetAll
DatasetAny = AssetAny

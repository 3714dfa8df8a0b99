"""The DAG processor: keeps the store in step with the DAG folder.

One processor leads (a lease); others stand by. The loop waits for file events, finished children, the next
stat scan or the next sign of life, whichever comes first. What to parse is decided in `plan`, what an
outcome means in `results`; user code runs in children only.
Longer than 400 lines because one loop owns the lease, the watch, the children and what waits for each of them.
"""

from __future__ import annotations

import gc
import logging
import math
import os
import platform
import socket
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import windward
from windward.document import SCHEMA_VERSION
from windward.errors import UnavailableError
from windward.ports.clock import Clock
from windward.ports.files import CodeStore
from windward.ports.metrics import Metrics
from windward.ports.store import Guard, Store
from windward.ports.wakeup import Wakeup
from windward.processor.answers import PREFIXES, ParseAnswers
from windward.processor.asset_claims import ASSET
from windward.processor.author import PRELOAD, sdk_author
from windward.processor.authoring import Author
from windward.processor.discover import Found, Listing, discover
from windward.processor.fingerprint import Fingerprints, Stamp
from windward.processor.limits import Limits
from windward.processor.measuring import Measuring
from windward.processor.plan import Plan, decide_plan
from windward.processor.pool import ParseOutcome, ParsePool
from windward.processor.purging import Purging
from windward.processor.results import DAG, Results, is_on_disk
from windward.processor.stop import Stop
from windward.processor.template import Launch, fork_template, spawn_template
from windward.processor.watch import FolderEvents
from windward.sdk.bridge import LargeValues
from windward.sdk.extensions import fingerprint
from windward.sdk.setting_up import extension_places
from windward.settings import Settings

LEASE = "processor"
BEAT_S = 10.0
LEASE_S = 30.0
DEBOUNCE_S = 0.03
"""Events of one save come together; the scan waits this long for the last one."""
VALUES_S = 30.0
"""Variables, connections and pools that files depend on are looked at again this often."""
RETRY_FIRST_S = 30.0
RETRY_LAST_S = 900.0
"""A file whose error may be a passing one (a service was down) is parsed again, at growing distance."""
GATHER_S = 0.05
"""While more is under way, finished files wait this long for others to be written with; else not at all."""
GATHERED_MAX = 50
PARSES_IN_A_ROW_MAX = 20
"""An unedited file that is parsed this often within one scan interval rests until the interval is over."""

log = logging.getLogger(__name__)


@dataclass
class Pass:
    """What one pass over the DAG folder did."""

    parsed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    changed_dags: set[str] = field(default_factory=set)


@dataclass
class _Parses:
    """When a file was parsed lately, without having been edited in between."""

    stamp: Stamp
    at: deque[float] = field(default_factory=lambda: deque(maxlen=PARSES_IN_A_ROW_MAX))


class Processor:
    """Owns the template, the watch and the knowledge of the DAG folder. For one thread.

    `settings`, `store`, `wakeup` and `clock` as everywhere; `author` turns modules into documents; `code`
    keeps snapshots, None keeps none; `preload` names modules that each child finds imported; `launch` starts the
    template.
    """

    def __init__(
        self, settings: Settings, store: Store, wakeup: Wakeup, clock: Clock, *,
        author: Author, code: CodeStore | None = None, preload: Sequence[str] = (), launch: Launch = fork_template,
        metrics: Metrics | None = None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._store = store
        self._wakeup = wakeup
        self._clock = clock
        self._measuring = Measuring(metrics)
        self._root = Path(os.path.abspath(settings.core.dags_folder))  # noqa: PTH100 - links in the path stay as people named them
        self._name = socket.gethostname()
        self._key = parse_key(settings)
        self._answers = ParseAnswers(store.secrets, store.catalog)
        self._fingerprints = Fingerprints(self._root)
        self._results = Results(
            self._root, store.catalog, code, self._fingerprints, self._answers,
            key=self._key, paused_at_creation=settings.core.dags_are_paused_at_creation,
        )  # fmt: skip
        self._pool = ParsePool(
            str(self._root),
            Limits(
                import_timeout_s=settings.processor.dagbag_import_timeout_s,
                file_timeout_s=settings.processor.dag_file_processor_timeout_s,
                memory_mb_max=settings.processor.parse_memory_mb_max,
            ),
            author, self._answers.answer, self._fingerprints.of_dependency,
            children_max=settings.processor.parsing_processes, preload=preload, clock=clock, launch=launch,
        )  # fmt: skip
        self._purging = Purging(store.xcoms, clock)
        self._events = FolderEvents()
        self._lease: Guard | None = None
        self._beat_due = math.inf  # `parse_once` has no lease.
        self._scan_due = 0.0
        self._values_due = 0.0
        self._retries: dict[str, tuple[int, float]] = {}
        self._parses: dict[str, _Parses] = {}
        self._wishes: dict[str, float] = {}
        """Files that have to be parsed although they did not change, and since when: until a later parse is done."""
        self._found: dict[str, Found] = {}
        self._problems: tuple[str, ...] = ()
        self._has_new_folders = False
        self._pass = Pass()
        self._gathered: list[ParseOutcome] = []
        self._gathered_since = 0.0

    @property
    def template_pid(self) -> int | None:
        """Process id of the parse template, while it runs."""
        return self._pool.template_pid

    @property
    def files_read(self) -> int:
        """Files whose content was read since the start."""
        return self._fingerprints.files_read

    def close(self) -> None:
        """End the children, give back the lease and all descriptors."""
        self._pool.close()
        self._events.close()
        if self._lease is not None:
            lease, self._lease = self._lease, None
            try:
                self._store.leases.release_lease(lease)
            except UnavailableError:
                log.warning("lease not released")

    def parse_once(self, *, is_forced: bool = False) -> Pass:
        """Bring the store in step with the folder, then return what was done. `is_forced` parses every file."""
        self._results.load()
        self._answers.begin_pass()
        self._pass = Pass()
        forced = set(self._results.known) if is_forced else self._results.requested()
        self._wishes = dict.fromkeys(forced, self._clock.monotonic())
        while True:
            plan = self._scan()
            if not plan.parse and not plan.unsettled and not plan.gone:
                break
            self._pool.wait(DEBOUNCE_S if plan.unsettled and not plan.parse else 0.0)
            while self._pool.is_busy:
                self._gather(60.0)
        self._tell()
        return self._pass

    def run(self, stop: Stop) -> None:
        """Work until told to stop."""
        self._pool.start()
        self._pool.watch(stop.fileno())
        if self._events.fileno is not None:
            self._pool.watch(self._events.fileno)
        self._beat_due = 0.0
        while not stop.is_set():
            now = self._clock.monotonic()
            if now >= self._beat_due:
                self._beat()
            try:
                if self._lease is None:
                    self._pool.wait(max(0.0, self._beat_due - now))
                    self._pool.take_purged()  # Not ours to settle any more: they are still in the store.
                    self._events.drain()
                    continue
                if now >= self._scan_due:
                    self._scan_and_schedule(now)
                self._purging.work(self._pool)
                self._work(min(self._beat_due, self._scan_due, self._purging.due) - self._clock.monotonic())
            except UnavailableError as error:
                log.warning("store unavailable", extra={"error": str(error)})
                self._lose_lease()

    def _work(self, timeout_s: float) -> None:
        was_busy = self._pool.is_busy
        self._gather(timeout_s)
        now = self._clock.monotonic()
        if self._events.drain():
            self._scan_due = min(self._scan_due, now + DEBOUNCE_S)
        if was_busy and not self._pool.is_busy:
            self._tell()
            self._scan_due = now  # What was parsed may have set others free, or have changed meanwhile.

    def _gather(self, timeout_s: float) -> None:
        """Wait for finished files, and write them: at once when they are the last, else several at a time."""
        if self._gathered:
            timeout_s = min(timeout_s, self._gathered_since + GATHER_S - self._clock.monotonic())
        done = self._pool.wait(max(0.0, timeout_s))
        now = self._clock.monotonic()
        if now >= self._beat_due + LEASE_S / 2:  # It was frozen, or held up: another one may lead by now.
            lease = self._lease
            self._beat()
            if self._lease != lease:
                return
        if not self._gathered:
            self._gathered_since = now
        self._gathered += done
        is_time = now >= self._gathered_since + GATHER_S or len(self._gathered) >= GATHERED_MAX
        if is_time or not self._pool.is_busy:
            self._write_gathered()

    def _beat(self) -> None:
        self._beat_due = self._clock.monotonic() + BEAT_S
        now = self._clock.now()
        try:
            self._store.hosts.beat_component(
                "processor", self._name, hostname=self._name, pid=os.getpid(), now=now
            )
            lease = self._store.leases.take_lease(
                LEASE, f"{self._name}:{self._root}", now=now, until=now + timedelta(seconds=LEASE_S)
            )
            if self._lease is not None and lease != self._lease:  # Another one leads, or led in between.
                self._lose_lease()
            if lease is not None and self._lease is None:
                log.info("processor leads", extra={"folder": str(self._root)})
                self._results.load()
                self._retry_old_errors()
                self._scan_due = 0.0
            self._lease = lease
            if lease is not None:
                self._measuring.beat(self._results.known.values())
        except UnavailableError as error:
            log.warning("store unavailable", extra={"error": str(error)})
            self._lose_lease()

    def _lose_lease(self) -> None:
        self._lease = None
        self._gathered.clear()
        self._pool.replace_waiting(())
        self._pool.give_up_all()

    def _retry_old_errors(self) -> None:
        due = self._clock.monotonic() + RETRY_FIRST_S
        self._retries = {name: (0, due) for name, record in self._results.known.items() if record.error}

    def _scan_and_schedule(self, now: float) -> None:
        if now >= self._values_due:
            self._values_due = now + VALUES_S
            self._answers.begin_pass()
        self._wishes |= dict.fromkeys(self._results.wishes(now), now)
        plan = self._scan(self._results.windows.due(self._clock.now()))
        interval = self._settings.processor.scan_interval_s
        self._scan_due = self._clock.monotonic() + (
            DEBOUNCE_S if plan.unsettled or plan.gone or self._has_new_folders else interval
        )
        if not plan.parse and not plan.gone and not self._pool.is_busy:
            self._tell()

    def _scan(self, due: Collection[str] = ()) -> Plan:
        """Look at the folder, forget what is gone, and hand to the pool what has to be parsed.

        `due` are files that have to be parsed although they did not change, and are named again if it comes to nothing.
        """
        self._write_gathered()  # Else it would be parsed again.
        core = self._settings.core
        listing = discover(
            self._root, self._fingerprints,
            syntax=core.dag_ignore_file_syntax, is_safe_mode=core.dag_discovery_safe_mode,
        )  # fmt: skip
        self._report(listing)
        hashes = self._current_hashes(listing)
        now = self._clock.monotonic()
        retry = {name for name, (_, at) in self._retries.items() if at <= now}
        plan = decide_plan(
            self._results.known, listing.files, hashes,
            key=self._key, now_ns=int(self._clock.now().timestamp() * 1e9),
            retry=retry.union(due, self._wishes), unreadable=listing.unreadable,
        )  # fmt: skip
        self._found = {found.fileloc: found for found in listing.files}
        self._wishes = {name: since for name, since in self._wishes.items() if name in self._found}
        for fileloc in plan.gone:
            self._retries.pop(fileloc, None)
            self._parses.pop(fileloc, None)
            self._pass.gone.append(fileloc)
            self._pass.changed_dags |= set(self._results.forget(fileloc, now=self._clock.now()))
        self._pool.give_up_changed(self._found)
        under_way = self._pool.under_way()
        parse = [file for file in plan.parse if file.fileloc not in under_way and not self._must_rest(file)]
        if parse and not self._pool.is_busy:
            self._answers.begin_pass()
        self._pool.replace_waiting(parse)
        return Plan(parse=tuple(parse), gone=plan.gone, unsettled=plan.unsettled)

    def _must_rest(self, found: Found) -> bool:
        parses = self._parses.get(found.fileloc)
        if parses is None or parses.stamp != found.stamp or len(parses.at) < PARSES_IN_A_ROW_MAX:
            return False
        return self._clock.monotonic() - parses.at[0] < self._settings.processor.scan_interval_s

    def _current_hashes(self, listing: Listing) -> dict[str, str]:
        """Return the hash of each found source and of everything that known files depend on."""
        hashes = {found.source: found.content_hash for found in listing.files}
        folders = set(listing.folders)
        for name in {name for record in self._results.known.values() for name in record.imports}:
            if name.startswith(DAG):
                hashes[name] = self._results.owner(name.removeprefix(DAG))
            elif name.startswith(ASSET):
                hashes[name] = self._results.assets.hash_of(name)
            elif name.startswith(PREFIXES):
                hashes[name] = self._answers.current_hash(name)
            elif name not in hashes:
                hashes[name] = self._fingerprints.of_dependency(name)
            if is_on_disk(name):
                folders.add(os.path.dirname(f"{self._root}/{name}"))  # noqa: PTH120 - texts, many of them
        self._has_new_folders = self._events.set_folders(folders)
        return hashes

    def _write_gathered(self) -> None:
        outcomes, self._gathered = self._gathered, []
        for outcome in outcomes:
            self._note(outcome)
        changed = self._results.apply(outcomes, is_found=self._found, now=self._clock.now())
        self._pass.changed_dags.update(changed)
        for outcome in outcomes:
            record = self._results.known.get(outcome.found.fileloc)
            if record is not None and record.error:
                log.warning("DAG file has an error", extra={"file": record.fileloc, "error": record.error})

    def _note(self, outcome: ParseOutcome) -> None:
        """Remember that a file was parsed, and when to try again."""
        fileloc = outcome.found.fileloc
        now = self._clock.monotonic()
        parses = self._parses.get(fileloc)
        if parses is None or parses.stamp != outcome.found.stamp:
            parses = self._parses[fileloc] = _Parses(outcome.found.stamp)
        parses.at.append(now)
        if self._wishes.get(fileloc, math.inf) <= outcome.began:
            del self._wishes[fileloc]
        self._pass.parsed.append(fileloc)
        self._measuring.parsed(fileloc, seconds=outcome.duration_s)
        if outcome.error and outcome.is_passing:
            count = self._retries.get(fileloc, (0, 0.0))[0]
            self._retries[fileloc] = (count + 1, now + min(RETRY_FIRST_S * 2**count, RETRY_LAST_S))
        else:
            self._retries.pop(fileloc, None)

    def _tell(self) -> None:
        """Wake the scheduler, once for all that was stored, and begin to count anew."""
        self._results.settle()
        if self._pass.changed_dags:
            self._wakeup.wake()
            log.info(
                "DAGs changed", extra={"dags": len(self._pass.changed_dags), "files": len(self._pass.parsed)}
            )
        if self._lease is not None:
            self._pass = Pass()

    def _report(self, listing: Listing) -> None:
        if listing.problems != self._problems:
            self._problems = listing.problems
            for problem in listing.problems:
                log.warning("problem in the DAG folder", extra={"problem": problem})


def parse_key(settings: Settings) -> str:
    """Return what documents depend on beside the DAG folder: our version, Python's, settings of defaults."""
    core = settings.core
    defaults = {
        name: value
        for name, value in vars(core).items()
        if name.startswith(("default_", "max_")) or name in {"semantics", "isolation", "cron_seconds"}
    }
    return repr((
        windward.__version__, SCHEMA_VERSION, platform.python_version(),
        sorted(defaults.items()), settings.scheduler.catchup_by_default,
        fingerprint(extension_places(settings)),
    ))  # fmt: skip


def open_processor(
    settings: Settings,
    store: Store,
    wakeup: Wakeup,
    clock: Clock,
    *,
    code: CodeStore | None,
    metrics: Metrics | None = None,
    large: LargeValues | None = None,
) -> Processor:
    """Return a processor that reads DAGs by the authoring SDK, in a template that holds nothing of ours but that."""
    return Processor(
        settings, store, wakeup, clock,
        author=sdk_author(settings, large=large), code=code, preload=PRELOAD, launch=spawn_template, metrics=metrics,
    )  # fmt: skip


def run_processor(processor: Processor, stop: Stop) -> None:
    """Run a processor in this process until `stop` is set, and close it."""
    gc.freeze()  # What is loaded stays; the collector need not walk through it again and again.
    try:
        processor.run(stop)
    finally:
        processor.close()

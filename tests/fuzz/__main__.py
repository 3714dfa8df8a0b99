"""`python -m tests.fuzz [TARGET ...] [--seconds N]`: look for inputs that break a law, led by the code that they reach.

Each target runs in a process of its own, one after the other. What breaks a law is kept, and named at the end; the
exit code is 1 then. Needs `requirements/fuzz.txt`, which `make fuzz` installs.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import gettempdir

HERE = "tests.fuzz"
KEPT = Path(gettempdir()) / "windward-fuzz"
INPUT_BYTES_MAX = 4096
INPUT_S_MAX = 10
"""An input that takes longer is a finding: nobody may hold a server up with one request."""
MEMORY_MB_MAX = 2048


def main() -> int:
    """Run the targets that were asked for."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {HERE}", description="Look for inputs that break a law."
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="names of targets; all when left out")
    parser.add_argument("--seconds", type=int, default=60, help="how long for each target (default: 60)")
    parser.add_argument("--corpus", type=Path, default=KEPT, help=f"where inputs are kept (default: {KEPT})")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        fuzz(args.targets[0], seconds=args.seconds, corpus=args.corpus)
        return 0
    from tests.fuzz.targets import TARGETS

    unknown = [name for name in args.targets if name not in TARGETS]
    if unknown:
        parser.error(f"no target {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    broken = []
    for name in args.targets or TARGETS:
        print(f"fuzzing {name} for {args.seconds} s", flush=True)
        more = ("--one", "--seconds", str(args.seconds), "--corpus", str(args.corpus))
        if subprocess.run([sys.executable, "-m", HERE, name, *more], check=False).returncode:
            broken.append(name)
    print(f"laws broken: {', '.join(broken)}; inputs lie in {args.corpus}" if broken else "no law was broken")
    return 1 if broken else 0


def fuzz(name: str, *, seconds: int, corpus: Path) -> None:
    """Fuzz one target in this process, which ends with it."""
    import atheris

    # Ours and the schemas' library, and no more: to follow all libraries takes minutes before the first input.
    with atheris.instrument_imports(include=["windward", "jsonschema"]):
        from tests.fuzz.targets import TARGETS
    folder = corpus / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds):
        (folder / f"seed-{number}").write_bytes(seed)
    words = corpus / f"{name}.words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in TARGETS[name].words), encoding="ascii")
    atheris.Setup(
        arguments_of(name, seconds=seconds, corpus=corpus, words=words if TARGETS[name].words else None),
        TARGETS[name].check,
    )
    atheris.Fuzz()


def arguments_of(name: str, *, seconds: int, corpus: Path, words: Path | None) -> list[str]:
    """Return what a fuzzer is told. It refuses to begin with a file of words that has none."""
    return [
        name,
        f"-max_total_time={seconds}",
        f"-max_len={INPUT_BYTES_MAX}",
        f"-timeout={INPUT_S_MAX}",
        f"-rss_limit_mb={MEMORY_MB_MAX}",
        f"-artifact_prefix={corpus}/{name}-",
        *([f"-dict={words}"] if words is not None else []),
        "-print_final_stats=1",
        str(corpus / name),
    ]


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    sys.exit(main())

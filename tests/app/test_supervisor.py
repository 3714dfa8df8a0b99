"""How the supervisor names the end of a component."""

from windward.app.supervisor import reason_of


def test_an_exit_is_told_by_its_code_and_a_kill_by_its_signal() -> None:
    assert reason_of(0) == "exit code 0"
    assert reason_of(70) == "exit code 70"
    assert reason_of(-9) == "killed by SIGKILL"
    assert reason_of(-200) == "killed by signal 200"

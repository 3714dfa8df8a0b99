"""What happens one after the other in each scene: DAGs that run, and whether the scheduler looks in between.

A step is the DAGs that run before the scheduler makes runs of what they have written; the next step begins after it.
`pause X` and `unpause X` are steps of a person.
No imports: real Airflow reads this too.
"""

SCENES = {
    "one": [["writes_a"]],
    "both": [["writes_a"], ["writes_b"]],
    "together": [["writes_a", "writes_b"]],
    "more_than_needed": [["writes_b"], ["writes_b"], ["writes_a"], ["writes_a"], ["writes_b"]],
    "burst": [["writes_a", "writes_a", "writes_a"], ["writes_a"]],
    "all_three": [["writes_c"], ["writes_a", "writes_b"], ["writes_c"]],
    "one_task_two_assets": [["writes_a_and_b"]],
    "two_tasks_one_asset": [["writes_a_twice"]],
    "no_success": [["fails"], ["skips"]],
    "mapped": [["writes_a_mapped"]],
    "alias": [["writes_through_alias"]],
    "alias_of_two": [["writes_two_through_alias"]],
    "alias_empty": [["writes_nothing_through_alias"]],
    "aliases_of_one": [["writes_by_two_aliases"]],
    "alias_beside_asset": [["writes_a_and_through_alias"]],
    "alias_then_asset": [["writes_through_alias"], ["writes_c"]],
    "asset_then_alias": [["writes_c"], ["writes_through_alias"]],
    "alias_and_asset": [["writes_a"], ["writes_through_alias"], ["writes_a"]],
    "alias_and_asset_again": [["writes_through_alias"], ["writes_a"], ["writes_c"], ["writes_a"]],
    "paused": [["pause on_a", "writes_a"], ["unpause on_a"], ["writes_a"]],
    "unpaused_later": [
        ["writes_a"],
        ["pause on_a_and_b", "writes_b"],
        ["unpause on_a_and_b", "writes_a"],
        ["writes_b"],
    ],
}

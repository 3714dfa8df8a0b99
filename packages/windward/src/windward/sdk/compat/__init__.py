"""What Airflow's smaller modules offer to DAG files, made of Windward's own parts.

One module per subject, each small and imported only when its name is used. What may not live here: anything that has
a native name (DAG, operators, hooks), and names that only forward to one (those are data, in `windward-airflow`).
"""

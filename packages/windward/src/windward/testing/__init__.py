"""For authors of DAGs and plugins: what their own tests may use.

What lives here: contract suites. What may not: anything that the product itself needs.
"""

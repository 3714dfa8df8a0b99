"""What a route is, as data: who may call it, what it takes, what it gives, and the OpenAPI document of them all.

What lives here: the record of an operation, and turning requests into its arguments and its results into answers.
What may not: any resource.
"""

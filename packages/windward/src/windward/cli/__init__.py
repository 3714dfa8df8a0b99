"""The command line. One module per group of commands; what a command decides is decided in `core`.

A module is imported when its command is used, and imports the rest of the program when its command runs.
"""

"""The DAG processor: finds DAG files, has them parsed in children, and stores what they declare.

The processor itself never imports user code: that happens in one child process per file, forked from a
template that has the authoring names loaded. What comes back are encoded documents.
"""

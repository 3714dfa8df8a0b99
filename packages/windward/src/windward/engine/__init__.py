"""The shell around `core`: loads, asks for decisions, applies them, delivers. No task state is judged here."""

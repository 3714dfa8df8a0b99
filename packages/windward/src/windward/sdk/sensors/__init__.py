"""The sensors that come with Windward. One module per kind; nothing is imported until it is asked for."""

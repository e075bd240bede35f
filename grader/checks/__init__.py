"""The checks of all labs: one folder per lab, functions marked with @check."""

"""Reports: each one a pure function of a Grade."""

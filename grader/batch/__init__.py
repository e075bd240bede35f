"""Whole classes of untrusted submissions: intake of archives, containers, many machines, grade books."""

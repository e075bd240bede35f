"""The checks of lab `files`: what its contract and handout promise, proved from outside."""

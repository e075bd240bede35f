"""The checks of lab `daemon`: what its contract and handout promise, proved from outside."""

"""The checks of lab `processes`: what shared contract and handout promise, proved from outside."""

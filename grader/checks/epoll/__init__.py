"""The checks of lab `epoll`: what shared contract and handout promise, proved from outside."""

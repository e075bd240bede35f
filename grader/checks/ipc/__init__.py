"""The checks of lab `ipc`: members of a room in one sandbox, judged by what arrives and what is left."""
